// Coordinator: world rank 0's thread that hands runs to groups and is the only writer of the store.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "distributed/mailbox.h"
#include "results/result_store.h"
#include "sweeps/run/messages.h"
#include "sweeps/run/plan.h"
#include "sweeps/run/progress_view.h"

namespace scgan::sweeps {

struct SweepOutcome {
  int done = 0, failed = 0, left = 0;  // of the plan's runs, with what earlier jobs did
};

class Coordinator {
 public:
  // Starts the thread. `leaders`: world ranks of the groups' first ranks; `waiting`: indices of the
  // runs to do, in order. The arguments must outlive the Coordinator.
  Coordinator(const JobPlan& plan, std::vector<int> waiting, std::vector<int> leaders,
              const distributed::Mailbox& mailbox, results::ResultStore& store, bool quiet);
  ~Coordinator();

  // Waits until every leader has left. The store may be used again afterwards. What breaks the
  // thread (the store cannot be written, say) ends the job with exit code 3.
  SweepOutcome finish();

 private:
  struct Group {
    int run = kNoRun;
    int64_t attempt = 0;
    GroupProgress progress;
    int64_t rate_step = 0;  // where the measuring of it/s began
    std::chrono::steady_clock::time_point rate_start;
  };

  void serve();
  void handle(const distributed::Mail& mail);
  void hand_out(int leader);
  void on(Group& group, const AttemptBegun& report);
  void on(Group& group, const StepsDone& report);
  void on(Group& group, const AttemptDone& report);
  void on(Group& group, const AttemptFailed& report);
  void on(Group& group, const AttemptStopped& report);
  [[noreturn]] void end_broken(const JobBroken& report);
  void spread_stop();
  SweepProgress progress() const;
  std::string label(int run) const;

  const JobPlan& plan_;
  std::vector<int> waiting_;     // next at the back; a run that is tried again goes to the front
  std::map<int, Group> groups_;  // by leader
  int active_ = 0;
  bool stopping_ = false;
  const distributed::Mailbox& mailbox_;
  results::ResultStore& store_;
  SweepOutcome outcome_;
  ProgressView view_;
  std::thread thread_;
};

}  // namespace scgan::sweeps
