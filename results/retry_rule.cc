#include "results/retry_rule.h"

#include <algorithm>
#include <limits>

namespace scgan::results {
namespace {

constexpr int kNoLimit = std::numeric_limits<int>::max();
constexpr int kLostAttempts = 5;
constexpr int kSilentAttempts = 20;

bool is_silent(const EndedAttempt& attempt) {
  return attempt.exit_class == ExitClass::kLost && attempt.reason == kEndedWithoutAWord;
}

int allowed_attempts(const EndedAttempt& last) {
  switch (last.exit_class) {
    case ExitClass::kDone:
    case ExitClass::kStopped:
    case ExitClass::kStorage:
      return kNoLimit;
    case ExitClass::kNonFinite:
    case ExitClass::kData:
      return 1;
    case ExitClass::kOutOfMemory:
      return may_fit_on_fewer(last) ? 2 : 1;
    case ExitClass::kLost:
      return is_silent(last) ? kSilentAttempts : kLostAttempts;
    case ExitClass::kUnknown:
      return 2;
  }
  return 1;
}

bool same_kind(const EndedAttempt& a, const EndedAttempt& b) {
  return a.exit_class == b.exit_class && is_silent(a) == is_silent(b) &&
         may_fit_on_fewer(a) == may_fit_on_fewer(b);
}

}  // namespace

bool is_exhausted(const std::vector<EndedAttempt>& ended_attempts) {
  if (ended_attempts.empty()) return false;
  int counted = 0;
  int64_t furthest = 0;
  for (const EndedAttempt& attempt : ended_attempts) {
    if (attempt.last_step > furthest) counted = 0;
    furthest = std::max(furthest, attempt.last_step);
    if (same_kind(attempt, ended_attempts.back())) ++counted;
  }
  return counted >= allowed_attempts(ended_attempts.back());
}

}  // namespace scgan::results
