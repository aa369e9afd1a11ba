// Coordinator: world rank 0's thread that gives runs and ranks to each other and is the only writer
// of the store.
//
// A rank is free, part of a group that works on a run, or preparing to join one. While runs wait,
// free ranks begin them; then they join groups that have much left to do (sweeps/plan/schedule.h).
// A group lasts as long as its run's attempt: when that is over, all its ranks are free again.
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
#include "sweeps/plan/schedule.h"
#include "sweeps/run/messages.h"
#include "sweeps/run/plan.h"
#include "sweeps/run/progress_view.h"

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
  struct Group {
    int run = 0;
    int64_t attempt = 0;  // 0: not begun
    std::vector<int> ranks;
    std::set<int> at_work;    // of the ranks: those whose part is not over
    std::set<int> preparing;  // to join
    std::set<int> ready;      // to join; when all are, the leader is told
    bool may_be_joined = true;
    GroupProgress progress;
    int64_t rate_step = 0;  // where the measuring of it/s began
    std::chrono::steady_clock::time_point rate_start;

    bool is_joined() const { return !preparing.empty() || !ready.empty(); }
  };

  void serve();
  void handle(const distributed::Mail& mail);
  void on(int leader, const AttemptBegun& report);
  void on(int leader, const StepsDone& report);
  void on(int leader, const Widening& report);
  void on(int leader, const Scoring& report);
  void on(int leader, const AttemptDone& report);
  void on(int leader, const AttemptFailed& report);
  void on(int leader, const AttemptStopped& report);
  void on(int rank, const Free& report);
  void on(int rank, const Ready& report);
  void on(int rank, const CannotJoin& report);
  [[noreturn]] void on(int rank, const JobBroken& report);

  void begin_runs();
  void widen_groups();
  // The groups on the device of `rank`, by free ranks on it.
  void widen_groups_like(int rank);
  bool can_be_joined(const Group& group) const;
  void prepare_to_join(Group& group, const std::vector<int>& ranks);
  void dismiss_joining(Group& group);
  void end_training(Group& group);
  void spread_stop();
  void order(int rank, const Order& order) const;
  bool over() const;
  Group* group_of_joining(int rank, int run);
  SweepProgress progress() const;
  const results::PlannedRun& record(int run) const;
  std::string label(int run) const;

  const JobPlan& plan_;
  std::vector<int> waiting_;  // next at the back; a run that is tried again goes to the front
  Devices devices_;           // by rank
  double worth_joining_seconds_;
  std::set<int> free_;           // ranks
  std::map<int, Group> groups_;  // by leader, the first of its ranks
  bool stopping_ = false;
  const distributed::Mailbox& mailbox_;
  results::ResultStore& store_;
  SweepOutcome outcome_;
  ProgressView view_;
  std::thread thread_;
};

}  // namespace scgan::sweeps
