// Subset, Sampler and DataLoader: from step number to batch.
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "core/base/error.h"
#include "core/data/data_loader.h"
#include "core/data/sampler.h"
#include "core/data/subset.h"
#include "core/image/pixel_range.h"
#include "tests/support/error_of.h"
#include "tests/support/test_images.h"

namespace scgan {
namespace {

DatasetSpec share(double percentage) {
  DatasetSpec spec;
  spec.percentage = percentage;
  return spec;
}

TEST(SubsetTest, AbsoluteNumbersReplaceThePercentage) {
  DatasetSpec spec = share(20);
  spec.subset_images = 30;
  EXPECT_EQ(subset_size(spec, 100), 30);
  EXPECT_EQ(subset_indices(spec, 100, 1, 0), subset_indices(share(30), 100, 1, 0));
  EXPECT_THROW(subset_size(spec, 29), Error);
}

TEST(SubsetTest, SizesAreRoundedHalfUpAndNeverZero) {
  EXPECT_EQ(subset_size(share(40), 939), 376);
  EXPECT_EQ(subset_size(share(40), 1177), 471);
  EXPECT_EQ(subset_size(share(25), 10), 3);
  EXPECT_EQ(subset_size(share(12.5), 4), 1);
  EXPECT_EQ(subset_size(share(1), 3), 1);
  EXPECT_EQ(subset_size(share(100), 7), 7);
}

TEST(SubsetTest, SmallerPercentagesAreContainedInLarger) {
  std::vector<int64_t> smaller;
  for (const double percentage : {20, 40, 60, 80, 100}) {
    const auto larger = subset_indices(share(percentage), 939, 7, 1);
    EXPECT_TRUE(std::is_sorted(larger.begin(), larger.end()));
    EXPECT_EQ(std::set<int64_t>(larger.begin(), larger.end()).size(), larger.size());
    EXPECT_TRUE(std::includes(larger.begin(), larger.end(), smaller.begin(), smaller.end()));
    smaller = larger;
  }
  EXPECT_EQ(smaller.size(), 939U);
}

TEST(SubsetTest, SeedAndDomainChooseTheImagesUnlessTheModeIsFixed) {
  const auto chosen = subset_indices(share(20), 100, 1, 0);
  EXPECT_EQ(chosen, subset_indices(share(20), 100, 1, 0));
  EXPECT_NE(chosen, subset_indices(share(20), 100, 2, 0));
  EXPECT_NE(chosen, subset_indices(share(20), 100, 1, 1));
  DatasetSpec fixed = share(20);
  fixed.subset = SubsetMode::kFixed;
  EXPECT_EQ(subset_indices(fixed, 100, 1, 0), subset_indices(fixed, 100, 2, 0));
}

TEST(SamplerTest, ImagesOfAStepAreAPureFunction) {
  const Sampler sampler({}, 3, 10, 14, 4);
  const SampleIndices late = sampler.at(8);
  sampler.at(0);
  EXPECT_EQ(sampler.at(8).a, late.a);
  EXPECT_EQ(Sampler({}, 3, 10, 14, 4).at(8).b, late.b);
  EXPECT_NE(Sampler({}, 4, 10, 14, 4).at(8).a, late.a);
}

TEST(SamplerTest, EpochVisitsEveryImageOfALargerAOnceInItsOwnOrder) {
  const Sampler sampler({}, 3, 12, 5, 4);
  ASSERT_EQ(sampler.steps_per_epoch(), 3);
  std::vector<std::vector<int64_t>> epochs(2);
  for (int64_t step = 0; step < 6; ++step) {
    const SampleIndices chosen = sampler.at(step);
    auto& epoch = epochs[static_cast<size_t>(step / 3)];
    epoch.insert(epoch.end(), chosen.a.begin(), chosen.a.end());
    EXPECT_THAT(chosen.b, testing::Each(testing::AllOf(testing::Ge(0), testing::Lt(5))));
  }
  EXPECT_NE(epochs[0], epochs[1]);
  for (const auto& epoch : epochs)
    EXPECT_EQ(std::set<int64_t>(epoch.begin(), epoch.end()).size(), 12U);
}

TEST(SamplerTest, SerialPairingWithoutShuffleGoesInOrder) {
  DatasetSpec spec;
  spec.shuffle = false;
  spec.pairing = Pairing::kSerial;
  const Sampler sampler(spec, 0, 3, 7, 2);
  EXPECT_EQ(sampler.steps_per_epoch(), 3);  // of 7, the last one is dropped
  EXPECT_EQ(sampler.at(1).a, (std::vector<int64_t>{2, 0}));
  EXPECT_EQ(sampler.at(1).b, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(sampler.at(4).b, sampler.at(1).b);
}

TEST(SamplerTest, EpochWithoutAFullBatchIsASpecError) {
  EXPECT_THAT(error_of(ErrorKind::kInvalidSpec, [] { Sampler({}, 0, 3, 2, 4); }),
              testing::HasSubstr("train.batch_size"));
}

class DataLoaderTest : public testing::Test {
 protected:
  // One training image per domain, 6 x 6, whose values encode the position: 8 y + x; crops of 4
  // x 4.
  DataLoaderTest() {
    spec_.data.image_size = 4;
    spec_.data.load_size = 6;
    spec_.train.batch_size = 1;
    const at::Tensor places = at::arange(6).view({6, 1}) * 8 + at::arange(6);
    data_.train_a.images = places.to(at::kByte).expand({1, 3, 6, 6});
    data_.train_b.images = data_.train_a.images;
  }

  // The grey level at the crop's top left corner, and whether it is flipped.
  static std::pair<int, bool> place_of(const at::Tensor& crop) {
    const at::Tensor levels = crop[0][0].add(1).mul(127.5).round().to(at::kInt);
    const int left = levels[0][0].item<int>();
    const int right = levels[0][3].item<int>();
    return {std::min(left, right), left > right};
  }

  RunSpec spec_;
  Dataset data_;
};

TEST_F(DataLoaderTest, CropsReachBothEndsAndHalfOfTheImagesAreFlipped) {
  const DataLoader loader(spec_, data_);
  std::set<int> places;
  int flips = 0;
  for (int64_t step = 0; step < 400; ++step) {
    const auto [place, flipped] = place_of(loader.batch(step).a);
    places.insert(place);
    flips += flipped ? 1 : 0;
  }
  EXPECT_EQ(places, (std::set<int>{0, 1, 2, 8, 9, 10, 16, 17, 18}));
  EXPECT_NEAR(flips, 200, 50);  // 5 standard deviations
}

TEST_F(DataLoaderTest, DomainsAreDrawnIndependently) {
  const DataLoader loader(spec_, data_);
  int equal = 0;
  for (int64_t step = 0; step < 90; ++step) {
    const Batch batch = loader.batch(step);
    equal += place_of(batch.a).first == place_of(batch.b).first ? 1 : 0;
  }
  EXPECT_LT(equal, 30);  // 10 expected
}

TEST_F(DataLoaderTest, BatchIsAPureFunctionOfItsStep) {
  const DataLoader loader(spec_, data_);
  const Batch first = loader.batch(5);
  loader.batch(77);
  EXPECT_TRUE(at::equal(loader.batch(5).a, first.a));
  EXPECT_TRUE(at::equal(DataLoader(spec_, data_).batch(5).b, first.b));
}

TEST_F(DataLoaderTest, WithoutFlipNothingIsFlipped) {
  spec_.data.flip = false;
  const DataLoader loader(spec_, data_);
  for (int64_t step = 0; step < 20; ++step) EXPECT_FALSE(place_of(loader.batch(step).b).second);
}

TEST(GreyLevelsTest, NetworkRangeIsMinusOneToOne) {
  const at::Tensor range = to_network_range(at::tensor({0, 255, 51}, at::kByte));
  EXPECT_EQ(range.scalar_type(), at::kFloat);
  EXPECT_TRUE(at::allclose(range, at::tensor({-1.F, 1.F, -0.6F})));
}

TEST(GreyLevelsTest, OutputIsClampedAndTruncated) {
  // (0.999 + 1) / 2 * 255 = 254.87 -> 254; (0 + 1) / 2 * 255 = 127.5 -> 127.
  const at::Tensor levels = to_grey_levels(at::tensor({-1.5F, -1.F, 0.F, 0.999F, 1.F, 3.F}));
  EXPECT_TRUE(at::equal(levels, at::tensor({0, 0, 127, 254, 255, 255}, at::kByte)));
}

}  // namespace
}  // namespace scgan
