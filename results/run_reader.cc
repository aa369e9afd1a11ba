#include "results/run_reader.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <utility>

namespace scgan::results {
namespace {

constexpr std::array kRunStates = {RunState::kPlanned, RunState::kRunning, RunState::kDone,
                                   RunState::kFailed};
constexpr std::array kExitClasses = {
    ExitClass::kDone,        ExitClass::kStopped, ExitClass::kNonFinite, ExitClass::kData,
    ExitClass::kOutOfMemory, ExitClass::kStorage, ExitClass::kLost,      ExitClass::kUnknown};

// The enumerator of a word that the schema's CHECK has let in.
template <typename Enum, size_t N>
Enum from_word(const std::array<Enum, N>& all, const std::string& word, Enum otherwise) {
  const auto found = std::ranges::find_if(all, [&](Enum each) { return to_string(each) == word; });
  return found == all.end() ? otherwise : *found;
}

using RunsById = std::map<std::string, StoredRun*, std::less<>>;

std::vector<StoredRun> read_plan(const Database& database, const std::string& which,
                                 const std::string& run_id) {
  std::vector<StoredRun> runs;
  Statement read(
      database,
      "SELECT id, variant, percentage, seed, axes, dataset, data_digest, spec, images_a, "
      "images_b, total_steps, state FROM run " +
          which);
  if (!run_id.empty()) read.bind(run_id);
  while (read.step()) {
    StoredRun run;
    run.plan = {.id = read.text(0),
                .variant = read.text(1),
                .percentage = read.real(2),
                .seed = read.integer(3),
                .axes = read.text(4),
                .dataset = read.text(5),
                .data_digest = read.text(6),
                .spec = read.text(7),
                .images_a = read.integer(8),
                .images_b = read.integer(9),
                .total_steps = read.integer(10)};
    run.state = from_word(kRunStates, read.text(11), RunState::kPlanned);
    runs.push_back(std::move(run));
  }
  return runs;
}

void read_attempts(const Database& database, const RunsById& runs) {
  Statement read(
      database,
      "SELECT run_id, last_step, coalesce(ended_ms, progress_ms) - started_ms, exit_class, "
      "reason, device, reduction, first_step FROM attempt ORDER BY id");
  while (read.step()) {
    const auto found = runs.find(read.text(0));
    if (found == runs.end()) continue;
    StoredRun& run = *found->second;
    ++run.attempts;
    run.last_step = std::max(run.last_step, read.integer(1));
    run.train_seconds += static_cast<double>(read.integer(2)) / 1000;
    if (read.is_null(3)) continue;
    run.last_exit = from_word(kExitClasses, read.text(3), ExitClass::kUnknown);
    run.reason = read.text(4);
    run.tries.push_back({*run.last_exit, run.reason, read.integer(7), read.integer(1)});
    if (run.last_exit != ExitClass::kDone) continue;
    run.device = read.text(5);
    run.reduction = read.text(6);
  }
}

void read_metrics(const Database& database, const RunsById& runs) {
  Statement read(database,
                 "SELECT run_id, name, direction, step, value, n_real, n_fake, extractor, "
                 "extractor_digest, preprocessing FROM metric ORDER BY id");
  while (read.step()) {
    const auto found = runs.find(read.text(0));
    if (found == runs.end()) continue;
    found->second->metrics.push_back({.name = read.text(1),
                                      .direction = read.text(2),
                                      .step = read.integer(3),
                                      .value = read.real(4),
                                      .n_real = read.integer(5),
                                      .n_fake = read.integer(6),
                                      .extractor = read.text(7),
                                      .extractor_digest = read.text(8),
                                      .preprocessing = read.text(9)});
  }
}

void read_artifacts(const Database& database, const RunsById& runs) {
  Statement read(database, "SELECT run_id, path, sha256 FROM artifact ORDER BY run_id, path");
  while (read.step()) {
    const auto found = runs.find(read.text(0));
    if (found == runs.end()) continue;
    found->second->artifacts.push_back({.path = read.text(1), .sha256 = read.text(2)});
  }
}

}  // namespace

std::vector<StoredRun> read_runs(const Database& database, const std::string& which,
                                 const std::string& run_id) {
  std::vector<StoredRun> runs = read_plan(database, which, run_id);
  RunsById by_id;
  for (StoredRun& run : runs) by_id.emplace(run.plan.id, &run);
  read_attempts(database, by_id);
  read_metrics(database, by_id);
  read_artifacts(database, by_id);
  return runs;
}

}  // namespace scgan::results
