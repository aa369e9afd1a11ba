// Coordinator: the thread of world rank 0 that assigns runs to ranks. It alone writes the store.
//
// While runs wait, free ranks start them; afterwards, ranks join groups that have much left to do:
// free ones, and ones of groups that end soon. RankPool keeps track of the ranks.
//
// The store is written in few transactions, however many ranks report. The start and the end of an
// attempt, with the state and the scores of its run, are written as soon as no report waits, 50 ms
// later at the latest, and before the next run starts. Losses, scores during training, progress and
// changes of a group's ranks are written at least once a second. So a job that is killed loses a
// second of curves, which the next attempt reports again from log.jsonl; of a run whose end was not
// written yet, the files and checkpoints are there, and the next job only scores it again.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "core/base/sparkline.h"
#include "distributed/mailbox.h"
#include "distributed/mpi_runtime.h"
#include "results/store/result_store.h"
#include "sweeps/run/job_plan.h"
#include "sweeps/run/messages.h"
#include "sweeps/run/progress_view.h"
#include "sweeps/run/rank_pool.h"
#include "sweeps/run/step_rate.h"
#include "sweeps/run/stop_signal.h"
#include "sweeps/run/waiting_runs.h"

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
    // What earlier jobs measured, by run id.
    std::map<std::string, RunSpeed> speeds = {};
    // Tests replace these.
    std::function<Clock::time_point()> now = Clock::now;
    std::function<void(std::chrono::milliseconds)> sleep = [](std::chrono::milliseconds time) {
      std::this_thread::sleep_for(time);
    };
    std::function<bool()> stop_signalled = sweeps::stop_signalled;
    std::function<void(int exit_code)> abort_job = distributed::MpiRuntime::abort;
  };
  // Starts the thread. `waiting`: indices of the runs to do, in order; `stored`: all runs of the
  // plan as the store has them; `devices`: of the ranks of the world, which all wait for orders.
  // The plan, the mailbox and the store must outlive the Coordinator.
  Coordinator(const JobPlan& plan, std::vector<int> waiting,
              const std::vector<results::StoredRun>& stored, Devices devices,
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
    // Of its progress reports.
    ThinnedCurve g_curve, d_curve;
    StepRate rate;
    Clock::time_point scoring_start;

    void measure_from(int64_t step, Clock::time_point now);
  };
  // What the job still trains, from all to nothing.
  enum class Stop { kNone, kAfterOneStep, kNow };

  void serve();
  void handle(const distributed::Mail& mail);
  void on(int leader, const report::AttemptStarted& report);
  void on(int leader, const report::Progress& report);
  void on(int leader, const report::Regrouping& report);
  void on(int leader, const report::Scoring& report);
  void on(int leader, const report::AttemptDone& report);
  void on(int leader, const report::AttemptFailed& report);
  void on(int leader, const report::AttemptStopped& report);
  void on(int rank, const report::RankFree& report);
  void on(int rank, const report::StopSignalled& report);
  void on(int rank, const report::JoinReady& report);
  void on(int rank, const report::JoinFailed& report);
  void on(int rank, const report::JobFailed& report);

  void assign_ranks();
  void start_runs();
  void start(int run, const RankPool::Orders& orders);
  void regroup();
  void end_training(int leader);
  void stop_if_due();
  void stop(Stop stop);
  // The next transaction should not wait for its second.
  void store_soon();
  bool store_is_due(bool idle) const;
  void store_results();
  bool may_start_run() const;
  bool finished() const;
  void send(const RankPool::Orders& orders) const;
  results::AttemptStart unreported_start(int leader) const;
  SweepProgress progress() const;
  std::vector<RunningRun> running_runs() const;
  const JobRun& run_of(int run) const;
  std::string label(int run) const;

  const JobPlan& plan_;
  const distributed::Mailbox& mailbox_;
  results::ResultStore& store_;
  Options options_;
  WaitingRuns waiting_;
  RankPool pool_;
  std::map<int, Attempt> attempts_;  // by leader
  std::vector<int> done_;            // runs whose checkpoints are there until the store has them
  bool store_waits_ = false;         // a program that reads the store keeps it from being written
  bool results_wait_ = true;         // what must be stored before a run starts
  Clock::time_point next_flush_, next_assignment_;
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
