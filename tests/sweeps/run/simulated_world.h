// SimulatedWorld: ranks that do not train but let simulated time pass. The coordinator runs on it
// as it is, with its clock, its messages and its store; a sweep of hours takes seconds.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <string>
#include <tuple>
#include <vector>

#include "distributed/mailbox.h"
#include "sweeps/run/coordinator.h"
#include "sweeps/run/messages.h"

namespace scgan::sweeps {

struct SimulatedRun {
  // Time of one rank for all of its steps; `ranks` ranks are as many times faster.
  double rank_seconds = 0;
  int64_t steps = 1000;
  // train.batch_size / train.micro_batch: as many ranks can share the run.
  int most_ranks = 4;
};

struct RandomRuns {
  int count = 0;
  int most_ranks = 4;
  // Whether the steps, from which the scheduler expects how long a run takes, are proportional to
  // its time. Otherwise all runs have the same number of steps.
  bool times_are_expected = true;
  uint64_t seed = 0;
};

// Runs that take from 10 to 100 minutes on one rank, evenly distributed.
std::vector<SimulatedRun> random_runs(const RandomRuns& kind);

// What takes time besides the steps, on any number of ranks.
struct SimulatedCosts {
  // From the order to the first step, and from PrepareJoin to JoinReady.
  double start_seconds = 2;
  double scoring_seconds = 5;
  // At most, between two Progress reports; the first ones after each change come sooner.
  double report_seconds = 120;
  // Points of the thinned loss curve of a run.
  int64_t curve_points = 0;
};

// A plan of these runs that no file stands for. Costs that the scheduler expects are proportional
// to the steps.
JobPlan simulated_plan(const std::vector<SimulatedRun>& runs);

// The shortest time in which `ranks` ranks can train `runs`, without costs.
double lower_bound(const std::vector<SimulatedRun>& runs, int ranks);

// How many transactions have changed a store.
int64_t transactions(const std::filesystem::path& store);

class SimulatedWorld {
 public:
  SimulatedWorld(std::vector<SimulatedRun> runs, SimulatedCosts costs);

  // Trains all runs of the plan on `ranks` ranks with a coordinator that writes `store`. Returns
  // the simulated seconds until the last run was done.
  double train(const JobPlan& plan, int ranks, results::ResultStore& store);

  int64_t reports() const { return reports_; }
  // What the simulation of the ranks has taken, without the coordinator.
  double processor_seconds() const { return processor_seconds_; }
  // By run, in the order in which they were done.
  const std::vector<int>& done() const { return done_; }

 private:
  class Post final : public distributed::Mailbox {
   public:
    explicit Post(SimulatedWorld& world) : world_(world) {}
    void send(int to, distributed::MailTag tag, const std::string& text) const override;
    std::optional<distributed::Mail> poll(distributed::MailTag tag) const override;

   private:
    SimulatedWorld& world_;
  };
  struct Group {
    int run = 0;
    std::vector<int> ranks;
    double work_done = 0;  // rank-seconds
    double since = 0;      // when work_done was right
    int speed = 0;         // ranks that train
    int64_t reported_step = 0;
    // A number of its own after each change.
    int64_t version = 0;
  };
  struct Event {
    double time = 0;
    int64_t number = 0;  // of equal times, the first one comes first
    std::function<void()> happen;
    bool operator<(const Event& other) const {
      return std::tie(other.time, other.number) < std::tie(time, number);
    }
  };

  void follow(int rank, const order::StartRun& order);
  void follow(int rank, const order::PrepareJoin& order);
  void follow(int rank, const order::Join& order);
  void follow(int rank, const order::CancelJoin& order);
  void follow(int rank, const order::Regroup& order);
  void follow(int rank, const order::StopRun& order);
  void follow(int rank, const order::Exit& order);

  // Lets something happen to a group, unless it changes before.
  void after(double seconds, int leader, std::function<void()> happen);
  // The next report, if one has arrived by now.
  std::optional<distributed::Mail> next_report();
  void at(double time, std::function<void()> happen);
  void report(int rank, const Report& report);
  void begin_training(int leader);
  // Until the group changes again: its reports and its end.
  void schedule_training(int leader);
  // From now until a step of the group ends, but at least `seconds`.
  double seconds_to_step_end(const Group& group, double seconds) const;
  void report_after(double seconds, int leader);
  void report_progress(int leader);
  void finish_training(int leader);
  void update(Group& group) const;
  int64_t step_of(const Group& group) const;
  const SimulatedRun& run_of(const Group& group) const;
  const std::string& id_of(const Group& group) const;
  void sleep(double seconds);

  std::vector<SimulatedRun> runs_;
  SimulatedCosts costs_;
  const JobPlan* plan_ = nullptr;
  double now_ = 0;
  int64_t events_made_ = 0, versions_ = 0;
  std::priority_queue<Event> events_;
  std::queue<distributed::Mail> mail_;
  std::map<int, Group> groups_;  // by leader
  int64_t reports_ = 0;
  bool has_reported_ = false;  // since the last sleep
  double processor_seconds_ = 0;
  std::vector<int> done_;
};

}  // namespace scgan::sweeps
