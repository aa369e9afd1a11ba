#include "sweeps/run/run_speed.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <chrono>
#include <vector>

#include "core/base/error.h"
#include "core/comm/solo_communicator.h"
#include "core/data/data_loader.h"
#include "core/spec/spec_keys.h"
#include "core/train/gan_step.h"
#include "core/train/train_state.h"
#include "results/store/result_store.h"
#include "results/store/sqlite.h"

namespace scgan::sweeps {
namespace {

constexpr int kMostSteps = 3;

// An attempt and when ranks joined it.
struct TimedAttempt {
  std::string run_id;
  double seconds = 0;
  int64_t first_step = 0, last_step = 0;
  bool is_done = false;
  std::map<int64_t, int64_t> ranks;  // from this step on

  // The time that one rank needs for a step: seconds = sum of steps * it / ranks.
  double seconds_per_step() const {
    double shares = 0;
    for (auto part = ranks.begin(); part != ranks.end(); ++part) {
      const auto next = std::next(part);
      const int64_t end = next == ranks.end() ? last_step : next->first;
      shares += static_cast<double>(end - part->first) / static_cast<double>(part->second);
    }
    return seconds / shares;
  }
};

std::map<int64_t, TimedAttempt> timed_attempts(const results::Database& database) {
  std::map<int64_t, TimedAttempt> attempts;
  results::Statement read(database,
                          "SELECT id, run_id, ranks, first_step, last_step, started_ms, "
                          "coalesce(ended_ms, progress_ms), coalesce(exit_class, '') FROM attempt "
                          "WHERE last_step > first_step ORDER BY id");
  while (read.step()) {
    TimedAttempt& attempt = attempts[read.integer(0)];
    attempt.run_id = read.text(1);
    attempt.first_step = read.integer(3);
    attempt.last_step = read.integer(4);
    attempt.ranks[attempt.first_step] = read.integer(2);
    attempt.seconds = static_cast<double>(read.integer(6) - read.integer(5)) / 1000;
    attempt.is_done = read.text(7) == "done";
  }
  results::Statement joined(database, "SELECT attempt_id, step, ranks FROM joining");
  while (joined.step()) {
    const auto attempt = attempts.find(joined.integer(0));
    if (attempt != attempts.end()) attempt->second.ranks[joined.integer(1)] = joined.integer(2);
  }
  return attempts;
}

}  // namespace

std::string speed_key(const RunSpec& spec) {
  std::string all;
  for (const SpecKey& key : spec_keys()) {
    const std::string& path = key.path;
    if (path.starts_with("model.") || path.starts_with("loss.") || path.starts_with("evaluate.") ||
        path == "data.image_size" || path == "train.batch_size" || path == "train.micro_batch" ||
        path == "train.precision" || path == "train.threads" || path == "run.recompute") {
      all += scgan::to_json(key.get(spec)) + "|";
    }
  }
  return all;
}

std::map<std::string, RunSpeed> stored_speeds(const std::filesystem::path& store) {
  std::map<std::string, RunSpeed> speeds;
  if (!results::ResultStore::exists(store)) return speeds;
  std::map<int64_t, TimedAttempt> attempts;
  try {
    attempts = timed_attempts(results::Database::open_read_only(store));
  } catch (const Error&) {
    return speeds;  // a table of an older version
  }
  for (const auto& [id, attempt] : attempts) {
    const auto known = speeds.find(attempt.run_id);
    if (known != speeds.end() && known->second.counts_scoring && !attempt.is_done) continue;
    // Only an attempt that did all steps has the right share of scoring.
    const bool is_whole = attempt.is_done && attempt.first_step == 0;
    speeds[attempt.run_id] = {attempt.seconds_per_step(), is_whole};
  }
  return speeds;
}

RunSpeed measured_speed(const RunSpec& spec, c10::Device device, double seconds) {
  using Clock = std::chrono::steady_clock;
  TrainState state(spec, device);
  SoloCommunicator solo;
  GanStep step(spec, state, solo);
  const int64_t side = spec.data.image_size;
  const auto random = [&] {
    return at::empty({spec.train.batch_size, 3, side, side}, at::kFloat).uniform_(-1, 1);
  };
  const Batch batch{random(), random()};
  const auto start = Clock::now();
  std::chrono::duration<double> spent{}, first{};
  int steps = 0;
  while (steps < kMostSteps && spent.count() < seconds) {
    step.run(batch, spec.train.learning_rate);
    spent = Clock::now() - start;
    if (++steps == 1) first = spent;
  }
  if (steps == 1) return {spent.count(), false};
  return {(spent - first).count() / (steps - 1), false};
}

}  // namespace scgan::sweeps
