#include "results/store/records.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "core/base/sha256.h"

namespace scgan::results {

const char* to_string(ExitClass exit_class) {
  switch (exit_class) {
    case ExitClass::kDone:
      return "done";
    case ExitClass::kStopped:
      return "stopped";
    case ExitClass::kNonFinite:
      return "non_finite";
    case ExitClass::kData:
      return "data";
    case ExitClass::kOutOfMemory:
      return "out_of_memory";
    case ExitClass::kOutOfMemoryMayFit:
      return "out_of_memory_may_fit";
    case ExitClass::kStorage:
      return "storage";
    case ExitClass::kLost:
      return "lost";
    case ExitClass::kKilled:
      return "killed";
    case ExitClass::kUnknown:
      return "unknown";
  }
  return "unknown";
}

ExitClass exit_class_from_string(std::string_view word) {
  for (const ExitClass each :
       {ExitClass::kDone, ExitClass::kStopped, ExitClass::kNonFinite, ExitClass::kData,
        ExitClass::kOutOfMemory, ExitClass::kOutOfMemoryMayFit, ExitClass::kStorage,
        ExitClass::kLost, ExitClass::kKilled}) {
    if (to_string(each) == word) return each;
  }
  return ExitClass::kUnknown;
}

const char* to_string(RunState state) {
  switch (state) {
    case RunState::kPlanned:
      return "planned";
    case RunState::kRunning:
      return "running";
    case RunState::kDone:
      return "done";
    case RunState::kFailed:
      return "failed";
  }
  return "planned";
}

const char* to_string(Subject subject) {
  switch (subject) {
    case Subject::kTranslated:
      return "translated";
    case Subject::kUntranslated:
      return "untranslated";
    case Subject::kRealHalves:
      return "real_halves";
  }
  return "translated";
}

const char* to_string(Statistic statistic) {
  switch (statistic) {
    case Statistic::kFull:
      return "full";
    case Statistic::kSubsetMean:
      return "subset_mean";
    case Statistic::kSubsetStd:
      return "subset_std";
  }
  return "full";
}

std::string plan_digest(const std::vector<std::string>& run_ids) {
  const std::set<std::string> ids(run_ids.begin(), run_ids.end());
  return sha256_hex(fmt::format("{}", fmt::join(ids, "\n"))).substr(0, 16);
}

bool is_collapsed(const std::vector<Metric>& metrics, const std::string& direction) {
  return std::ranges::any_of(metrics, [&](const Metric& metric) {
    return metric.name == kOutputSpread && metric.direction == direction &&
           metric.value < kCollapsedSpread;
  });
}

bool is_main_score(const Metric& metric) {
  return metric.subject == Subject::kTranslated && metric.statistic == Statistic::kFull;
}

}  // namespace scgan::results
