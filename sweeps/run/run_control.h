// RunControl: tells a rank that trains a run when to stop, and when other ranks join or leave.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "distributed/mailbox.h"
#include "sweeps/run/messages.h"

namespace scgan::sweeps {

class RunControl {
 public:
  // `mailbox` must outlive this. `stop_signalled`: whether this process received a stop signal.
  RunControl(const distributed::Mailbox& mailbox, std::function<bool()> stop_signalled);

  // Call at the start of each run. Only the leader of a run receives orders during it.
  void begin_run(bool leading);

  // Whether this rank received a stop signal or a StopRun. Call once per step boundary.
  bool stop_asked();
  // Whether a Regroup has arrived.
  bool regroup_requested();
  // Its ranks, once: all world ranks of the run from now on.
  std::vector<int> take_ranks();

 private:
  void read_orders();

  const distributed::Mailbox& mailbox_;
  std::function<bool()> stop_signalled_;
  bool leading_ = false;
  int64_t steps_ = 0;  // of this attempt, at the next step boundary
  std::optional<order::StopRun> stop_;
  std::vector<int> new_ranks_;
};

}  // namespace scgan::sweeps
