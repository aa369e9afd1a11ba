#include "core/comm/buckets.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace scgan {
namespace {

using Parts = std::vector<std::pair<int64_t, int64_t>>;  // begin, count

Parts parts(const std::vector<Bucket>& buckets) {
  Parts all;
  for (const Bucket& bucket : buckets) all.emplace_back(bucket.begin, bucket.count);
  return all;
}

TEST(BucketLayoutTest, StartsAtTheEndWithASmallBucketAndCutsAtMultiplesOf64Bytes) {
  // 16 floats are 64 bytes. The first bucket would start 128 bytes (32 floats) before 100, at 68,
  // which is rounded up to 80.
  EXPECT_EQ(parts(bucket_layout(100, 4, {128, 192})), (Parts{{80, 20}, {32, 48}, {0, 32}}));
}

TEST(BucketLayoutTest, CountsBytesNotElements) {
  EXPECT_EQ(parts(bucket_layout(100, 8, {128, 192})),
            (Parts{{88, 12}, {64, 24}, {40, 24}, {16, 24}, {0, 16}}));
}

TEST(BucketLayoutTest, SmallVectorIsOneBucketAndAnEmptyOneIsNone) {
  EXPECT_EQ(parts(bucket_layout(7, 4, {64, 64})), (Parts{{0, 7}}));
  EXPECT_TRUE(bucket_layout(0, 4).empty());
}

TEST(BucketLayoutTest, PublishedGeneratorsAreFiveBuckets) {
  // Two ResNet-9 generators: 2 x 11.378 million float32 = 86.8 MiB = 1 + 3 x 25 + 10.8.
  EXPECT_EQ(bucket_layout(2 * 11'378'179, 4).size(), 5);
}

TEST(BucketLayoutTest, CoversEveryElementOnceForAnySizes) {
  for (const int64_t elements : {1, 15, 16, 17, 1000, 4096, 65537}) {
    for (const int64_t first : {64, 100, 4096}) {
      int64_t end = elements;
      for (const Bucket& bucket : bucket_layout(elements, 4, {first, 2 * first})) {
        EXPECT_EQ(bucket.begin + bucket.count, end);
        EXPECT_GT(bucket.count, 0);
        EXPECT_LE(bucket.count * 4, 2 * first);
        EXPECT_EQ(bucket.begin % 16, 0);
        end = bucket.begin;
      }
      EXPECT_EQ(end, 0);
    }
  }
}

}  // namespace
}  // namespace scgan
