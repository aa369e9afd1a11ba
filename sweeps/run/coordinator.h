// Coordinator: world rank 0's thread that gives runs and ranks to each other and is the only writer
// of the store.
//
// While runs wait, free ranks begin them; then they join groups that have much left to do. Who is
// free, and who joins whom, is in RankPool.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "distributed/mailbox.h"
#include "results/result_store.h"
#include "sweeps/run/job_plan.h"
#include "sweeps/run/messages.h"
#include "sweeps/run/progress_view.h"
#include "sweeps/run/rank_pool.h"

namespace scgan::sweeps {

struct SweepOutcome {
  int done = 0, failed = 0, left = 0;  // of the plan's runs, with what earlier jobs did
};

class Coordinator {
 public:
  // Starts the thread. `waiting`: indices of the runs to do, in order; `devices`: of the ranks of
  // the world, which all wait for orders. The other arguments must outlive the Coordinator.
  Coordinator(const JobPlan& plan, std::vector<int> waiting, Devices devices,
              const distributed::Mailbox& mailbox, results::ResultStore& store, bool quiet);
  ~Coordinator();

  // Waits until all ranks are told to leave. The store may be used again afterwards. What breaks
  // the thread (the store cannot be written, say) ends the job with exit code 3.
  SweepOutcome finish();

 private:
  struct Attempt {  // that a group works on
    int run = 0;
    int64_t id = 0;  // in the store; 0: not begun
    GroupProgress progress;
    int64_t rate_step = 0;  // where the measuring of it/s began
    std::chrono::steady_clock::time_point rate_start;

    void measure_from(int64_t step);
  };

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
  void on(int rank, const report::JoinReady& report);
  void on(int rank, const report::JoinFailed& report);
  [[noreturn]] void on(int rank, const report::JobFailed& report);

  void begin_runs();
  void prepare_joins();
  void end_training(int leader);
  void spread_stop();
  void send(const RankPool::Orders& orders) const;
  bool over() const;
  SweepProgress progress() const;
  const JobRun& run_of(int run) const;
  std::vector<int> sizes_of(int run) const;
  std::string label(int run) const;

  const JobPlan& plan_;
  std::vector<int> waiting_;  // next at the back; a run that is tried again goes to the front
  std::set<int> smallest_group_only_;  // get the fewest ranks only, as more ran out of memory
  RankPool pool_;
  std::map<int, Attempt> attempts_;  // by leader
  bool stopping_ = false;
  const distributed::Mailbox& mailbox_;
  results::ResultStore& store_;
  SweepOutcome outcome_;
  ProgressView view_;
  std::thread thread_;
};

}  // namespace scgan::sweeps
