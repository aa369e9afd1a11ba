// RunControl: what a rank is told while it works on a run: to stop, or to take further ranks in.
#pragma once

#include <chrono>
#include <vector>

#include "distributed/mailbox.h"

namespace scgan::sweeps {

class RunControl {
 public:
  // `mailbox` must outlive this. `after_minutes`: --stop-after; 0 = no limit.
  RunControl(const distributed::Mailbox& mailbox, double after_minutes);

  // A run begins; only its leader gets orders of the coordinator.
  void begin_run(bool leads);

  // A signal, the coordinator's word or --stop-after: asked on every rank, once per step boundary.
  // --stop-after leaves a run its first step, so that a job makes progress however late it starts.
  bool stop_asked();
  // Whether the coordinator wants other ranks in this run.
  bool join_requested();
  // Which: all world ranks of the run from now on.
  std::vector<int> take_join();

 private:
  void read_mail();

  const distributed::Mailbox& mailbox_;
  std::chrono::steady_clock::time_point deadline_;
  bool leads_ = false;
  bool stop_ = false;
  bool stepped_ = false;  // the run, since it began
  std::vector<int> joined_ranks_;
};

}  // namespace scgan::sweeps
