// RunExecutor: one rank's work: take an order of the coordinator, do its part in a run (train,
// score, write files, report), until told to leave.
#pragma once

#include <c10/core/Device.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/comm/communicator.h"
#include "core/data/data_loader.h"
#include "core/train/trainer.h"
#include "distributed/mailbox.h"
#include "sweeps/run/heartbeat.h"
#include "sweeps/run/job_plan.h"
#include "sweeps/run/messages.h"
#include "sweeps/run/run_control.h"
#include "sweeps/run/run_observer.h"
#include "sweeps/run/shared_inputs.h"

namespace scgan::sweeps {

class RunExecutor {
 public:
  struct RankInfo {
    int rank = 0;  // of the world
    std::string host;
    c10::Device device;
    std::string versions;  // JSON, for the attempt's row
    double stop_after_minutes = 0;
  };
  // All arguments must outlive the executor. Every rank of the world makes one.
  RunExecutor(const JobPlan& plan, const distributed::Mailbox& mailbox, Heartbeat& heartbeat,
              RankInfo info);

  // Works until the coordinator says Leave. A run that fails for its own reason is reported, the
  // next one goes on. Throws what ends the job: a lost rank, device or storage; other ranks may
  // then wait for this one, in destructors too.
  void serve();

 private:
  // This rank's part in a run.
  struct ActiveRun {
    ActiveRun(const JobRun& of_run, RunInputs& its_inputs, Communicator& group, c10::Device device,
              const std::filesystem::path& folder);
    const JobRun& run;
    RunInputs& inputs;
    DataLoader loader;
    Trainer trainer;
    std::unique_ptr<RunObserver> observer;
  };

  void carry_out(const order::StartRun& order);
  void carry_out(const order::PrepareJoin& order);
  void carry_out(const order::Join& order);
  template <typename Late>
  void carry_out(const Late&);  // to a run that is over

  // Does `work`, a part in this run. What only this run suffers from is reported, and ends the part
  // of the other ranks, too.
  void run_guarded(const JobRun& run, bool leading, const std::function<void()>& work);
  // Throws OutOfMemoryMayFit when the run has smaller groups.
  std::unique_ptr<Communicator> make_group(const JobRun& run, const std::vector<int>& ranks) const;
  report::AttemptFailed failure_of(const JobRun& run, const std::exception& problem) const;
  void report_failure(const JobRun& run, const report::AttemptFailed& failure);
  void begin(const JobRun& run);
  void train_and_score();
  // Trainer::train, whose errors say in which run and step; a batch that led to a loss that is not
  // finite is kept.
  TrainOutcome train();
  std::vector<int> ranks_from_leader();
  void join(const std::vector<int>& ranks);
  void score_and_store();
  void report_begin(const JobRun& run, int64_t first_step);
  void make_active_run(const JobRun& run, RunInputs& inputs);
  void observe(bool leading, int64_t first_step);

  bool leads() const { return group_->rank() == 0; }
  void report(const Report& message) const;  // of the group: its leader does
  void report_of_rank(const Report& message) const;
  const JobRun& run_of(int index) const;
  std::filesystem::path folder(const JobRun& run) const;

  const JobPlan& plan_;
  const distributed::Mailbox& mailbox_;
  Heartbeat& heartbeat_;
  RankInfo info_;
  SharedInputs inputs_;
  RunControl control_;
  std::unique_ptr<Communicator> group_;       // of the present run
  std::unique_ptr<Communicator> former_;      // while the ranks of the run change
  std::unique_ptr<ActiveRun> active_;         // also prepared, before this rank has joined
  std::optional<CheckpointFolder> finished_;  // of the run that was done last
  bool waited_for_ = false;                   // by other ranks of the present run, later on
  bool begun_ = false;                        // the present run's attempt has its row
};

}  // namespace scgan::sweeps
