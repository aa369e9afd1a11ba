// What the groups and the coordinator tell each other, as JSON text.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "results/records.h"

namespace scgan::sweeps {

struct NextRun {};  // the group is free; its earlier run, if any, is over
struct AttemptBegun {
  results::AttemptStart attempt;
  int64_t total_steps = 0;
};
struct StepsDone {
  int64_t step = 0;
  double g_loss = 0, d_loss = 0;           // sums of the last step, for the eye
  std::vector<results::LossPoint> losses;  // thinned curve, to be stored
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
struct GroupLeft {};  // the leader was told to end and does
// From any rank: what it says ends the job. The run that `rank` works on, if any, keeps it.
struct JobBroken {
  int rank = 0;  // world rank
  results::ExitClass exit_class = results::ExitClass::kUnknown;
  std::string reason;
};

using Report = std::variant<NextRun, AttemptBegun, StepsDone, Scoring, AttemptDone, AttemptFailed,
                            AttemptStopped, GroupLeft, JobBroken>;

std::string to_text(const Report& report);
// Throws Error(kCommunication) for anything that to_text does not give.
Report report_from_text(const std::string& text);

// The coordinator's answer to NextRun: the index of a run in the plan, or kNoRun: leave.
inline constexpr int kNoRun = -1;

}  // namespace scgan::sweeps
