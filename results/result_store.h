// ResultStore: a sweep's SQLite file. Planned rows are written first, so that completeness can be
// proved; a run's metrics are written in one transaction with its `done`.
//
// One writer per file (world rank 0). Rollback journal, synchronous FULL. Not thread-safe. Every
// method throws Error(kStorage) naming the file and SQLite's message.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "results/records.h"

namespace scgan::results {

class ResultStore {
 public:
  // Opens or creates the file, and brings an older schema up to date. A file of a newer version, or
  // one that is no store, is refused.
  static ResultStore open(const std::filesystem::path& file);
  // Whether there is a store, of whatever version: not if the file is missing, or empty since its
  // maker was killed before it had made one.
  static bool exists(const std::filesystem::path& file);
  // For reading only: the store must exist. Sees a store while a sweep writes it.
  static ResultStore open_read_only(const std::filesystem::path& file);

  ResultStore(ResultStore&&) noexcept;
  ResultStore& operator=(ResultStore&&) noexcept;
  ~ResultStore();

  // Makes `runs` the current plan: adds what is new, keeps what is there (its results too), and
  // marks as not planned any more what is missing from it. Attempts left open by a killed job are
  // closed as lost and their runs planned again, or failed when their attempts are used up
  // (retry_rule.h); a failed run stays failed until begin_attempt. One transaction.
  void plan(const SweepRecord& sweep, const std::vector<PlannedRun>& runs);

  RunState state(const std::string& run_id) const;
  StoredRun run(const std::string& run_id) const;

  // The device of the run's last attempt; empty if there was none.
  std::string last_device(const std::string& run_id) const;

  // A new attempt's number in the store; the run, planned or failed before, is running. Loss points
  // after first_step are deleted with it.
  int64_t begin_attempt(const AttemptStart& attempt);
  // A value that is not a number is kept as such; a point of the same step and name is replaced.
  void add_losses(const std::string& run_id, const std::vector<LossPoint>& points);
  void set_progress(int64_t attempt, int64_t step);
  // Ranks joined the attempt after `step`; `ranks` of the group from then on.
  void add_join(int64_t attempt, int64_t step, int ranks);
  // Attempt done, run done, metrics and artifacts: one transaction. A metric must be finite.
  void finish(int64_t attempt, int64_t last_step, const std::vector<Metric>& metrics,
              const std::vector<Artifact>& artifacts);
  // Attempt failed for its own reason: the run is failed, or planned again while it has attempts
  // left (retry_rule.h). Gives which.
  RunState fail(int64_t attempt, ExitClass exit_class, const std::string& reason);
  // Attempt ended with work left (stop request, lost rank): the run is planned again.
  void interrupt(int64_t attempt, ExitClass exit_class, int64_t last_step,
                 const std::string& reason);

  SweepRecord sweep() const;
  // The current plan's runs, in plan order.
  std::vector<StoredRun> runs() const;
  // Those of earlier plans too, behind them and in order of their ids.
  std::vector<StoredRun> all_runs() const;
  std::vector<LossPoint> losses(const std::string& run_id) const;

 private:
  struct State;
  explicit ResultStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace scgan::results
