#include "results/store/retry_rule.h"

#include <algorithm>
#include <limits>

namespace scgan::results {
namespace {

constexpr int kNoLimit = std::numeric_limits<int>::max();
constexpr int kLostAttempts = 5;
constexpr int kKilledAttempts = 20;

int allowed_attempts(ExitClass last) {
  switch (last) {
    case ExitClass::kDone:
    case ExitClass::kStopped:
    case ExitClass::kStorage:
      return kNoLimit;
    case ExitClass::kNonFinite:
    case ExitClass::kData:
    case ExitClass::kOutOfMemory:
      return 1;
    case ExitClass::kOutOfMemoryMayFit:
    case ExitClass::kUnknown:
      return 2;
    case ExitClass::kLost:
      return kLostAttempts;
    case ExitClass::kKilled:
      return kKilledAttempts;
  }
  return 1;
}

}  // namespace

bool is_exhausted(const std::vector<EndedAttempt>& ended_attempts) {
  if (ended_attempts.empty()) return false;
  const ExitClass last = ended_attempts.back().exit_class;
  int counted = 0;
  int64_t furthest = 0;
  for (const EndedAttempt& attempt : ended_attempts) {
    if (attempt.last_step > furthest) counted = 0;
    furthest = std::max(furthest, attempt.last_step);
    if (attempt.exit_class == last) ++counted;
  }
  return counted >= allowed_attempts(last);
}

}  // namespace scgan::results
