// ResultStore: a sweep's SQLite file. Planned rows are written first, so that completeness can be
// proved; a run's final metrics are written in one transaction with its state `done`.
//
// One writer per file (world rank 0). Rollback journal, synchronous FULL. Not thread-safe. Every
// method throws Error(kStorage), which names the file and quotes SQLite's message.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "results/store/records.h"

namespace scgan::results {

class ResultStore {
 public:
  // Opens or creates the file; upgrades a store of an older version. Throws if the file is of a
  // newer version or is not a store.
  static ResultStore open(const std::filesystem::path& file);
  // Whether the file is a store of any version. False if it is missing, or empty because its writer
  // was killed while creating it.
  static bool exists(const std::filesystem::path& file);
  // For reading only; the store must exist. A sweep may write it at the same time. A store of an
  // older version is read as a copy in memory, upgraded there, and stays as it was when it was
  // opened.
  static ResultStore open_read_only(const std::filesystem::path& file);

  ResultStore(ResultStore&&) noexcept;
  ResultStore& operator=(ResultStore&&) noexcept;
  ~ResultStore();

  // From now on changes stay in memory, visible to this object only, until flush().
  void defer_commits();
  // Writes what was kept in memory, in one transaction; false if another program reads the file at
  // this moment.
  bool flush();

  // Makes `runs` the current plan: adds new runs, keeps known ones with their results, and marks
  // runs that are not in `runs` as no longer planned. Attempts left open by a killed job are closed
  // as killed; their runs are planned again, or failed if they have used up their attempts
  // (retry_rule.h). A failed run stays failed until begin_attempt. One transaction.
  void plan(const SweepRecord& sweep, const std::vector<PlannedRun>& runs);

  // Replaces the notes of the data sets of the plan.
  void set_data_notes(const std::vector<DataNote>& notes);

  RunState state(const std::string& run_id) const;
  StoredRun run(const std::string& run_id) const;

  // The device of the run's last attempt; empty if there was none.
  std::string last_device(const std::string& run_id) const;

  // Marks the run, which must be planned or failed, as running. Deletes its losses and scores after
  // first_step. Returns the new attempt's number in the store.
  int64_t begin_attempt(const AttemptStart& attempt);
  // A NaN is stored as NULL. Replaces a point of the same step and name.
  void add_losses(const std::string& run_id, const std::vector<LossPoint>& points);
  // Scores during training; those of the run's final weights go to finish(). Replaces a score of
  // the same step and meaning.
  void add_scores(const std::string& run_id, const std::vector<Metric>& scores);
  void set_progress(int64_t attempt, int64_t step);
  // Ranks joined or left the attempt after `step`; its group has `ranks` ranks on `hosts` from then
  // on.
  void add_regrouping(int64_t attempt, int64_t step, int ranks, const std::string& hosts);
  // Marks the attempt and its run as done and adds the final metrics, which must be finite, the
  // artifacts and the generators' input, a JSON object. One transaction.
  void finish(int64_t attempt, int64_t last_step, const std::string& input,
              const std::vector<Metric>& metrics, const std::vector<Artifact>& artifacts);
  // Closes an attempt that failed for the run's own reason. The run becomes failed, or planned
  // again while it has attempts left (retry_rule.h); returns which.
  RunState fail(int64_t attempt, ExitClass exit_class, const std::string& reason);
  // Plans done runs again whose files are lost: removes their final metrics and artifacts.
  void redo(const std::vector<std::string>& run_ids);
  // Closes an attempt that was interrupted (stop request, lost rank). The run is planned again.
  void interrupt(int64_t attempt, ExitClass exit_class, int64_t last_step,
                 const std::string& reason);

  // The runs that are being trained, by id, and on how many ranks.
  std::map<std::string, int> open_attempts() const;

  SweepRecord sweep() const;
  // The current plan's runs, in plan order.
  std::vector<StoredRun> runs() const;
  // The same, followed by the runs of earlier plans in order of their ids.
  std::vector<StoredRun> all_runs() const;
  // Ids of the done runs, also of earlier plans, the last one first.
  std::vector<std::string> done_newest_first() const;
  // Those of the current plan's data sets.
  std::vector<DataNote> data_notes() const;
  // By step, then name.
  std::vector<LossPoint> losses(const std::string& run_id) const;
  // Whether any run has scores during training.
  bool has_scores() const;
  // Those during training, by step.
  std::vector<Metric> scores(const std::string& run_id) const;
  // When each attempt at the run began, in order.
  std::vector<AttemptBegin> attempts(const std::string& run_id) const;

 private:
  struct State;
  explicit ResultStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace scgan::results
