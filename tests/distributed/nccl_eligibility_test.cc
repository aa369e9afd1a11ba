#include "distributed/nccl_eligibility.h"

#include <gtest/gtest.h>

namespace scgan::distributed {
namespace {

TEST(WhyNotNcclTest, NoReasonIfEveryRankHasAGpuOfItsOwn) {
  EXPECT_EQ(why_not_nccl({"host-a 0000:01:00.0", "host-a 0000:02:00.0"}, false), std::nullopt);
}

TEST(WhyNotNcclTest, EqualAddressesOnTwoHostsAreDifferentGpus) {
  EXPECT_EQ(why_not_nccl({"host-a 0000:01:00.0", "host-b 0000:01:00.0"}, false), std::nullopt);
}

TEST(WhyNotNcclTest, NamesTheRanksThatShareAGpu) {
  EXPECT_EQ(why_not_nccl({"a 0000:01:00.0", "a 0000:02:00.0", "a 0000:01:00.0"}, false),
            "ranks 0 and 2 share the GPU at 0000:01:00.0");
}

TEST(WhyNotNcclTest, NoReasonIfNcclMayShareGpus) {
  EXPECT_EQ(why_not_nccl({"a 0000:01:00.0", "a 0000:01:00.0"}, true), std::nullopt);
}

TEST(WhyNotNcclTest, NamesTheRankWithoutAGpu) {
  EXPECT_EQ(why_not_nccl({"a 0000:01:00.0", ""}, true), "rank 1 has no GPU");
}

}  // namespace
}  // namespace scgan::distributed
