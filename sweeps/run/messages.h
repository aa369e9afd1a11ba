// What the ranks and the coordinator tell each other, as JSON text.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "results/records.h"

namespace scgan::sweeps {

// Reports go to the coordinator. Those of an attempt come from the first rank of its group.
struct AttemptBegun {
  results::AttemptStart attempt;
  int64_t total_steps = 0;
};
struct StepsDone {
  int64_t step = 0;
  double g_loss = 0, d_loss = 0;           // sums of the last step, for the eye
  std::vector<results::LossPoint> losses;  // thinned curve, to be stored
};
struct Widening {  // the order Widen was taken: the group waits for the joining ranks
  int64_t step = 0;
};
struct Scoring {};  // training is over
struct AttemptDone {
  int64_t step = 0;
  std::vector<results::Metric> metrics;
  std::vector<results::Artifact> artifacts;
};
struct AttemptFailed {
  results::ExitClass exit_class = results::ExitClass::kUnknown;
  std::string reason;
};
struct AttemptStopped {
  int64_t step = 0;
};
// From any rank.
struct Free {};  // its part in a run is over: it waits for orders
struct Ready {   // the order Prepare is carried out
  int run = 0;
};
struct CannotJoin {  // the order Prepare cannot be carried out
  int run = 0;
  std::string reason;
};
// What it says ends the job. The run that `rank` works on, if any, keeps it.
struct JobBroken {
  int rank = 0;  // world rank
  results::ExitClass exit_class = results::ExitClass::kUnknown;
  std::string reason;
};

using Report = std::variant<AttemptBegun, StepsDone, Widening, Scoring, AttemptDone, AttemptFailed,
                            AttemptStopped, Free, Ready, CannotJoin, JobBroken>;

// Orders come from the coordinator. A rank takes them one by one, in the order in which they were
// sent; one that has become pointless meanwhile (to a run that is over) is passed over.
struct Work {   // train this run with these world ranks; the first leads
  int run = 0;  // index in the plan
  std::vector<int> ranks;
};
struct Prepare {  // make ready to join this run
  int run = 0;
};
struct Join {  // what was prepared: these are now the ranks of the run
  std::vector<int> ranks;
};
struct Dismiss {};  // what was prepared is not needed after all
struct Widen {      // to a leader: from the next step boundary on these are the ranks of its run
  std::vector<int> ranks;
};
struct Stop {};   // to a leader: write a checkpoint and end the attempt
struct Leave {};  // the job is over

using Order = std::variant<Work, Prepare, Join, Dismiss, Widen, Stop, Leave>;

std::string to_text(const Report& report);
std::string to_text(const Order& order);
// Throw Error(kCommunication) for anything that to_text does not give.
Report report_from_text(const std::string& text);
Order order_from_text(const std::string& text);

}  // namespace scgan::sweeps
