// Coordinator: the thread of world rank 0 that assigns runs to ranks. It alone writes the store.
//
// While runs wait, free ranks start them; afterwards, free ranks join groups that have much left to
// do. RankPool keeps track of the ranks.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "distributed/mailbox.h"
#include "distributed/mpi_runtime.h"
#include "results/store/result_store.h"
#include "sweeps/run/job_plan.h"
#include "sweeps/run/messages.h"
#include "sweeps/run/progress_view.h"
#include "sweeps/run/rank_pool.h"
#include "sweeps/run/stop_signal.h"

namespace scgan::sweeps {

struct SweepOutcome {
  int done = 0, failed = 0, left = 0;  // of the plan's runs, earlier jobs included
};

class Coordinator {
 public:
  using Clock = std::chrono::steady_clock;
  struct Options {
    bool quiet = false;
    // Whether the time of --stop-after is over. A job that has not trained a step yet still trains
    // one.
    std::function<bool()> time_is_up = [] { return false; };
    // Tests replace these two.
    std::function<bool()> stop_signalled = sweeps::stop_signalled;
    std::function<void(int exit_code)> abort_job = distributed::MpiRuntime::abort;
  };
  // Starts the thread. `waiting`: indices of the runs to do, in order; `devices`: of the ranks of
  // the world, which all wait for orders. The other arguments must outlive the Coordinator.
  Coordinator(const JobPlan& plan, std::vector<int> waiting, Devices devices,
              const distributed::Mailbox& mailbox, results::ResultStore& store, Options options);
  ~Coordinator();

  // Waits until all ranks have their Exit. The store may be used again afterwards. An error of the
  // thread (the store cannot be written, say) ends the job with exit code 3.
  SweepOutcome finish();

 private:
  struct Attempt {  // of a group at a run
    int run = 0;
    int64_t id = 0;  // in the store; 0: not started yet
    int64_t first_step = 0;
    GroupProgress progress;
    // Where the measurement of steps per second began.
    int64_t rate_step = 0;
    Clock::time_point rate_start;
    Clock::time_point scoring_start;

    void measure_from(int64_t step);
  };
  // What the job still trains, from all to nothing.
  enum class Stop { kNone, kAfterOneStep, kNow };

  void serve();
  void handle(const distributed::Mail& mail);
  void on(int leader, const report::AttemptStarted& report);
  void on(int leader, const report::Progress& report);
  void on(int leader, const report::Joining& report);
  void on(int leader, const report::Scoring& report);
  void on(int leader, const report::AttemptDone& report);
  void on(int leader, const report::AttemptFailed& report);
  void on(int leader, const report::AttemptStopped& report);
  void on(int rank, const report::RankFree& report);
  void on(int rank, const report::StopSignalled& report);
  void on(int rank, const report::JoinReady& report);
  void on(int rank, const report::JoinFailed& report);
  void on(int rank, const report::JobFailed& report);

  void start_runs();
  void prepare_joins();
  void end_training(int leader);
  void stop_if_due();
  void stop(Stop stop);
  void store_results();
  bool may_start_run() const;
  bool finished() const;
  void send(const RankPool::Orders& orders) const;
  results::AttemptStart unreported_start(int leader) const;
  SweepProgress progress() const;
  const JobRun& run_of(int run) const;
  std::vector<int> sizes_of(int run) const;
  std::string label(int run) const;

  const JobPlan& plan_;
  const distributed::Mailbox& mailbox_;
  results::ResultStore& store_;
  Options options_;
  std::vector<int> waiting_;         // next at the back; a run to be tried again goes to the front
  std::set<int> fewest_ranks_only_;  // runs that ran out of memory on more
  RankPool pool_;
  std::map<int, Attempt> attempts_;  // by leader
  std::vector<int> done_;            // runs whose checkpoints are there until the store has them
  bool store_waits_ = false;         // a program that reads the store keeps it from being written
  Clock::time_point next_flush_;
  Stop stop_ = Stop::kNone;
  bool made_progress_ = false;  // the job has trained a step or ended an attempt
  SweepOutcome outcome_;
  // Of the runs that this job has scored.
  double scoring_seconds_ = 0;
  int scored_ = 0;
  ProgressView view_;
  std::thread thread_;
};

}  // namespace scgan::sweeps
