// Messages between the ranks and the coordinator, as JSON text.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "results/store/records.h"

namespace scgan::sweeps {

// Reports go to the coordinator.
namespace report {

// About an attempt; sent by the first rank of its group.
struct AttemptStarted {
  results::AttemptStart attempt;
  int64_t total_steps = 0;
};
struct Progress {
  int64_t step = 0;
  // Sums of the last step's losses, for the progress view.
  double g_loss = 0, d_loss = 0;
  // The next points of the thinned curve, to be stored.
  std::vector<results::LossPoint> losses;
  // New scores of the model in training, to be stored.
  std::vector<results::Metric> scores;
};
// Regroup was received: its ranks form the group from now on, which waits for those that join.
struct Regrouping {
  int64_t step = 0;
  // Of all of its ranks: "node1 x2, node2".
  std::string hosts;
};
// Training is over.
struct Scoring {};
struct AttemptDone {
  int64_t step = 0;
  // What the generators were trained on, for the store (core/model/generator_input.h).
  std::string input;
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

// Sent by any rank.
// The rank has left its run and waits for orders.
struct RankFree {};
// The process of an idle rank received a stop signal.
struct StopSignalled {};
// PrepareJoin succeeded.
struct JoinReady {
  int run = 0;
};
// PrepareJoin failed.
struct JoinFailed {
  int run = 0;
  std::string reason;
};
// An error that ends the job. The attempt on which `rank` works, if any, keeps the reason.
struct JobFailed {
  int rank = 0;  // of the world
  results::ExitClass exit_class = results::ExitClass::kUnknown;
  std::string reason;
};

}  // namespace report

using Report = std::variant<report::AttemptStarted, report::Progress, report::Regrouping,
                            report::Scoring, report::AttemptDone, report::AttemptFailed,
                            report::AttemptStopped, report::RankFree, report::StopSignalled,
                            report::JoinReady, report::JoinFailed, report::JobFailed>;

// Orders come from the coordinator. A rank carries them out one by one, in the order in which they
// were sent, and skips those for a run that has ended.
namespace order {

// Train this run with these world ranks; the first one leads.
struct StartRun {
  int run = 0;  // index in the plan
  std::vector<int> ranks;
};
// Load the data and build the networks, to join this run later.
struct PrepareJoin {
  int run = 0;
};
// Join the run that was prepared: these are its world ranks from now on.
struct Join {
  std::vector<int> ranks;
};
// Drop what was prepared.
struct CancelJoin {};
// To a leader: from the next step boundary on, these are the world ranks of its run. It stays
// first; other ranks may be new, or missing.
struct Regroup {
  std::vector<int> ranks;
};
// To a leader: write a checkpoint and end the attempt.
struct StopRun {
  int64_t min_steps = 0;  // but first train as many steps in this attempt
};
// The job is over.
struct Exit {};

}  // namespace order

using Order = std::variant<order::StartRun, order::PrepareJoin, order::Join, order::CancelJoin,
                           order::Regroup, order::StopRun, order::Exit>;

std::string to_text(const Report& report);
std::string to_text(const Order& order);
// Throw Error(kCommunication) unless to_text made the text.
Report report_from_text(const std::string& text);
Order order_from_text(const std::string& text);

}  // namespace scgan::sweeps
