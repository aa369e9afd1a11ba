#include "results/store/retry_rule.h"

#include <gtest/gtest.h>

#include <vector>

namespace scgan::results {
namespace {

EndedAttempt ended(ExitClass exit_class, int64_t last_step = 0) {
  return {exit_class, "reason", 0, last_step};
}

std::vector<EndedAttempt> times(int count, const EndedAttempt& attempt) {
  return std::vector<EndedAttempt>(static_cast<size_t>(count), attempt);
}

TEST(RetryRuleTest, RunThatWasNotTriedIsDue) { EXPECT_FALSE(is_exhausted({})); }

TEST(RetryRuleTest, OwnFaultIsNotTriedAgain) {
  for (const auto fault : {ExitClass::kNonFinite, ExitClass::kData, ExitClass::kOutOfMemory}) {
    EXPECT_TRUE(is_exhausted({ended(fault)})) << to_string(fault);
  }
}

TEST(RetryRuleTest, UnknownFaultIsTriedOnceMore) {
  EXPECT_FALSE(is_exhausted(times(1, ended(ExitClass::kUnknown))));
  EXPECT_TRUE(is_exhausted(times(2, ended(ExitClass::kUnknown))));
}

TEST(RetryRuleTest, OutOfMemoryOnMoreRanksThanNeededIsTriedOnFewer) {
  std::vector<EndedAttempt> attempts{ended(ExitClass::kOutOfMemoryMayFit, 5)};
  EXPECT_FALSE(is_exhausted(attempts));
  attempts.push_back(ended(ExitClass::kOutOfMemory, 5));
  EXPECT_TRUE(is_exhausted(attempts)) << "on fewer, too";
}

TEST(RetryRuleTest, LostRankOrDeviceIsTriedFiveTimes) {
  EXPECT_FALSE(is_exhausted(times(4, ended(ExitClass::kLost))));
  EXPECT_TRUE(is_exhausted(times(5, ended(ExitClass::kLost))));
}

TEST(RetryRuleTest, RunOfAKilledJobIsTriedTwentyTimes) {
  EXPECT_FALSE(is_exhausted(times(19, ended(ExitClass::kKilled))));
  EXPECT_TRUE(is_exhausted(times(20, ended(ExitClass::kKilled))));
}

TEST(RetryRuleTest, StopsAndFullDisksAreFree) {
  EXPECT_FALSE(is_exhausted(times(1000, ended(ExitClass::kStopped))));
  EXPECT_FALSE(is_exhausted(times(1000, ended(ExitClass::kStorage))));
  std::vector<EndedAttempt> mixed = times(4, ended(ExitClass::kLost));
  mixed.push_back(ended(ExitClass::kStopped));
  EXPECT_FALSE(is_exhausted(mixed));
  mixed.push_back(ended(ExitClass::kLost));
  EXPECT_TRUE(is_exhausted(mixed)) << "a stop between them forgives nothing";
}

TEST(RetryRuleTest, RunThatMakesProgressMayBeLostAnyNumberOfTimes) {
  std::vector<EndedAttempt> attempts;
  for (int step = 1; step <= 100; ++step) {
    attempts.push_back(ended(ExitClass::kLost, step));
    ASSERT_FALSE(is_exhausted(attempts)) << step;
  }
  for (int again = 0; again < 3; ++again) attempts.push_back(ended(ExitClass::kLost, 90));
  EXPECT_FALSE(is_exhausted(attempts));
  attempts.push_back(ended(ExitClass::kLost, 100));
  EXPECT_TRUE(is_exhausted(attempts)) << "five times no further than step 100";
}

}  // namespace
}  // namespace scgan::results
