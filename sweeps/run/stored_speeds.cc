#include "sweeps/run/stored_speeds.h"

#include <cstdint>
#include <iterator>

#include "core/base/error.h"
#include "results/store/result_store.h"
#include "results/store/sqlite.h"

namespace scgan::sweeps {
namespace {

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
  results::Statement later(database, "SELECT attempt_id, step, ranks FROM regrouping");
  while (later.step()) {
    const auto attempt = attempts.find(later.integer(0));
    if (attempt != attempts.end()) attempt->second.ranks[later.integer(1)] = later.integer(2);
  }
  return attempts;
}

}  // namespace

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

}  // namespace scgan::sweeps
