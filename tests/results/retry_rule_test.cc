#include "results/retry_rule.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace scgan::results {
namespace {

Try ended(ExitClass exit_class, int64_t last_step = 0, const char* reason = "said") {
  return {exit_class, reason, 0, last_step};
}

std::vector<Try> times(int count, const Try& attempt) {
  return std::vector<Try>(static_cast<size_t>(count), attempt);
}

TEST(RetryRuleTest, RunThatWasNotTriedIsDue) { EXPECT_FALSE(gives_up({})); }

TEST(RetryRuleTest, OwnFaultIsNotTriedAgain) {
  for (const auto fault : {ExitClass::kNonFinite, ExitClass::kData, ExitClass::kOutOfMemory}) {
    EXPECT_TRUE(gives_up({ended(fault)})) << to_string(fault);
  }
}

TEST(RetryRuleTest, UnknownFaultIsTriedOnceMore) {
  EXPECT_FALSE(gives_up(times(1, ended(ExitClass::kUnknown))));
  EXPECT_TRUE(gives_up(times(2, ended(ExitClass::kUnknown))));
}

TEST(RetryRuleTest, OutOfMemoryOnMoreRanksThanNeededIsTriedOnFewer) {
  const std::string reason = std::string(kMayFitOnFewer) + "what LibTorch said";
  std::vector<Try> tries{ended(ExitClass::kOutOfMemory, 5, reason.c_str())};
  EXPECT_FALSE(gives_up(tries));
  tries.push_back(ended(ExitClass::kOutOfMemory, 5));
  EXPECT_TRUE(gives_up(tries)) << "on fewer, too";
}

TEST(RetryRuleTest, LostRankOrDeviceIsTriedFiveTimes) {
  EXPECT_FALSE(gives_up(times(4, ended(ExitClass::kLost))));
  EXPECT_TRUE(gives_up(times(5, ended(ExitClass::kLost))));
}

TEST(RetryRuleTest, JobThatEndedWithoutAWordIsTriedTwentyTimes) {
  const Try silent = ended(ExitClass::kLost, 0, kEndedWithoutAWord);
  EXPECT_FALSE(gives_up(times(19, silent)));
  EXPECT_TRUE(gives_up(times(20, silent)));
}

TEST(RetryRuleTest, StopsAndFullDisksAreFree) {
  EXPECT_FALSE(gives_up(times(1000, ended(ExitClass::kStopped))));
  EXPECT_FALSE(gives_up(times(1000, ended(ExitClass::kStorage))));
  std::vector<Try> mixed = times(4, ended(ExitClass::kLost));
  mixed.push_back(ended(ExitClass::kStopped));
  EXPECT_FALSE(gives_up(mixed));
  mixed.push_back(ended(ExitClass::kLost));
  EXPECT_TRUE(gives_up(mixed)) << "a stop between them forgives nothing";
}

TEST(RetryRuleTest, RunThatGetsFurtherMayBeLostForEver) {
  std::vector<Try> tries;
  for (int step = 1; step <= 100; ++step) {
    tries.push_back(ended(ExitClass::kLost, step));
    ASSERT_FALSE(gives_up(tries)) << step;
  }
  for (int again = 0; again < 3; ++again) tries.push_back(ended(ExitClass::kLost, 90));
  EXPECT_FALSE(gives_up(tries));
  tries.push_back(ended(ExitClass::kLost, 100));
  EXPECT_TRUE(gives_up(tries)) << "five times no further than step 100";
}

}  // namespace
}  // namespace scgan::results
