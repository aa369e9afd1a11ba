#include "results/store/run_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <string_view>
#include <utility>

namespace scgan::results {
namespace {

constexpr std::array kRunStates = {RunState::kPlanned, RunState::kRunning, RunState::kDone,
                                   RunState::kFailed};

constexpr std::array kSubjects = {Subject::kTranslated, Subject::kUntranslated,
                                  Subject::kRealHalves};
constexpr std::array kStatistics = {Statistic::kFull, Statistic::kSubsetMean,
                                    Statistic::kSubsetStd};

// The enumerator of a word that passed the schema's CHECK.
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

// Passes each row whose first column is the id of one of `runs` to `add`. `sql` has a place for a
// condition, so that one run does not take reading the rows of all.
void add_rows(const Database& database, const RunsById& runs, fmt::format_string<const char*> sql,
              void (*add)(const Statement& row, StoredRun& run)) {
  const bool is_one = runs.size() == 1;
  Statement read(database, fmt::format(sql, is_one ? "run_id = ?" : "TRUE"));
  if (is_one) read.bind(runs.begin()->first);
  while (read.step()) {
    if (const auto found = runs.find(read.text(0)); found != runs.end()) add(read, *found->second);
  }
}

constexpr fmt::format_string<const char*> kAttempts =
    "SELECT run_id, last_step, coalesce(ended_ms, progress_ms) - started_ms, exit_class, reason, "
    "device, reduction, first_step, versions FROM attempt WHERE {} ORDER BY id";

void add_attempt(const Statement& row, StoredRun& run) {
  ++run.attempts;
  run.last_step = std::max(run.last_step, row.integer(1));
  run.trained_steps += row.integer(1) - row.integer(7);
  run.train_seconds += static_cast<double>(row.integer(2)) / 1000;
  if (row.is_null(3)) return;
  run.reason = row.text(4);
  run.last_exit = exit_class_from_string(row.text(3));
  run.ended_attempts.push_back({*run.last_exit, run.reason, row.integer(7), row.integer(1)});
  if (run.last_exit != ExitClass::kDone) return;
  run.device = row.text(5);
  run.reduction = row.text(6);
  run.versions = row.text(8);
}

constexpr fmt::format_string<const char*> kMetrics =
    "SELECT run_id, name, subject, statistic, direction, step, value, n_real, n_fake, extractor, "
    "extractor_digest, preprocessing FROM metric WHERE phase = 'final' AND {} ORDER BY id";

constexpr std::string_view kScores =
    "SELECT run_id, name, subject, statistic, direction, step, value, n_real, n_fake, extractor, "
    "extractor_digest, preprocessing FROM metric WHERE phase = 'training' AND run_id = ? "
    "ORDER BY step, id";

Metric metric_of(const Statement& row) {
  return {.name = row.text(1),
          .subject = from_word(kSubjects, row.text(2), Subject::kTranslated),
          .statistic = from_word(kStatistics, row.text(3), Statistic::kFull),
          .direction = row.text(4),
          .step = row.integer(5),
          .value = row.real(6),
          .n_real = row.integer(7),
          .n_fake = row.integer(8),
          .extractor = row.text(9),
          .extractor_digest = row.text(10),
          .preprocessing = row.text(11)};
}

void add_metric(const Statement& row, StoredRun& run) { run.metrics.push_back(metric_of(row)); }

constexpr fmt::format_string<const char*> kArtifacts =
    "SELECT run_id, path, sha256, kept FROM artifact WHERE {} ORDER BY run_id, path";

void add_artifact(const Statement& row, StoredRun& run) {
  run.artifacts.push_back(
      {.path = row.text(1), .sha256 = row.text(2), .kept = row.integer(3) != 0});
}

}  // namespace

std::vector<StoredRun> read_runs(const Database& database, const std::string& which,
                                 const std::string& run_id) {
  std::vector<StoredRun> runs = read_plan(database, which, run_id);
  if (runs.empty()) return runs;
  RunsById by_id;
  for (StoredRun& run : runs) by_id.emplace(run.plan.id, &run);
  add_rows(database, by_id, kAttempts, add_attempt);
  add_rows(database, by_id, kMetrics, add_metric);
  add_rows(database, by_id, kArtifacts, add_artifact);
  return runs;
}

std::vector<Metric> read_scores(const Database& database, const std::string& run_id) {
  std::vector<Metric> scores;
  Statement read(database, kScores);
  read.bind(run_id);
  while (read.step()) scores.push_back(metric_of(read));
  return scores;
}

std::vector<LossPoint> read_losses(const Database& database, const std::string& run_id) {
  std::vector<LossPoint> points;
  Statement read(database,
                 "SELECT step, name, value FROM loss WHERE run_id = ? ORDER BY step, name");
  read.bind(run_id);
  while (read.step()) {
    points.push_back({.step = read.integer(0), .name = read.text(1), .value = read.real(2)});
  }
  return points;
}

std::vector<AttemptBegin> read_attempts(const Database& database, const std::string& run_id) {
  std::vector<AttemptBegin> begins;
  Statement read(database,
                 "SELECT first_step, started_ms FROM attempt WHERE run_id = ? ORDER BY id");
  read.bind(run_id);
  while (read.step()) begins.push_back({read.integer(0), read.integer(1)});
  return begins;
}

}  // namespace scgan::results
