// RunExecutor: the work of one rank. It follows the orders of the coordinator: it trains and scores
// runs, writes their files and reports, until its Exit.
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
#include "distributed/communicator_factory.h"
#include "distributed/mailbox.h"
#include "sweeps/run/heartbeat.h"
#include "sweeps/run/job_plan.h"
#include "sweeps/run/messages.h"
#include "sweeps/run/run_control.h"
#include "sweeps/run/run_observer.h"
#include "sweeps/run/shared_inputs.h"
#include "sweeps/run/stop_signal.h"

namespace scgan::sweeps {

class RunExecutor {
 public:
  // Makes the communicator of world ranks that train a run, of which this rank is one.
  using GroupMaker =
      std::function<std::unique_ptr<Communicator>(const std::vector<int>& ranks, c10::Device)>;
  struct RankInfo {
    int rank = 0;  // of the world
    // Of every rank of the world.
    std::vector<std::string> hosts;
    c10::Device device;
    std::string versions;  // JSON, for the attempt's row
    // Tests replace these two.
    std::function<bool()> stop_signalled = sweeps::stop_signalled;
    GroupMaker make_group = distributed::make_rank_group;
  };
  // All arguments must outlive the executor. Every rank of the world makes one.
  RunExecutor(const JobPlan& plan, const distributed::Mailbox& mailbox, Heartbeat& heartbeat,
              RankInfo info);

  // Works until the coordinator sends Exit. Reports a run that fails for its own reason and
  // continues with the next order. Throws what ends the job: a lost rank, device or storage; other
  // ranks may then wait for this one, also in destructors.
  void serve();

 private:
  // What this rank holds of a run.
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
  void carry_out(const Late&);  // for a run that has ended

  // Waits for the next order; meanwhile reports a stop signal of this process.
  Order next_order();
  // Does `work` for this run. An error that affects only this run is reported and makes the other
  // ranks of the group leave the run, too.
  void run_guarded(const JobRun& run, bool leading, const std::function<void()>& work);
  // Throws OutOfMemoryMayFit when the run has smaller groups.
  std::unique_ptr<Communicator> make_group(const JobRun& run, const std::vector<int>& ranks) const;
  report::AttemptFailed failure_of(const JobRun& run, const std::exception& problem) const;
  void report_failure(const JobRun& run, const report::AttemptFailed& failure);
  void start(const JobRun& run);
  void train_and_score();
  // Calls Trainer::train. Adds run and step to its errors and writes the batch that led to a loss
  // that is not finite.
  TrainOutcome train();
  std::vector<int> ranks_from_leader();
  void regroup(const std::vector<int>& ranks);
  void score_and_store();
  void report_start(const JobRun& run, int64_t first_step);
  // "node1 x2, node2", in order of the ranks.
  std::string hosts_of(const std::vector<int>& ranks) const;
  void make_active_run(const JobRun& run, RunInputs& inputs);
  void make_observer(bool leading, int64_t first_step);

  bool leads() const { return group_->rank() == 0; }
  void report_as_leader(const Report& message) const;  // does nothing on other ranks
  void report(const Report& message) const;
  const JobRun& run_of(int index) const;
  std::filesystem::path folder(const JobRun& run) const;

  const JobPlan& plan_;
  const distributed::Mailbox& mailbox_;
  Heartbeat& heartbeat_;
  RankInfo info_;
  SharedInputs inputs_;
  RunControl control_;
  std::unique_ptr<Communicator> group_;           // of the present run
  std::vector<int> ranks_;                        // of the world, in this group
  std::unique_ptr<Communicator> previous_group_;  // while the ranks of the run change
  std::unique_ptr<ActiveRun> active_;             // also while this rank prepares to join
  bool peers_wait_ = false;                       // the group has collective operations ahead
  bool start_reported_ = false;                   // of the present attempt
  bool stop_reported_ = false;
};

}  // namespace scgan::sweeps
