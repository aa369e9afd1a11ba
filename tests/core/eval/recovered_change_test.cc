#include "core/eval/recovered_change.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/data/synthetic_cells.h"
#include "tests/core/eval/drawn_cells.h"

namespace scgan {
namespace {

using ::testing::ElementsAre;
using ::testing::FieldsAre;

constexpr int64_t kImages = 48;

at::Tensor population(const SyntheticSpec& spec, int domain, int64_t count = kImages) {
  const Split split = domain == 0 ? Split::kTestA : Split::kTestB;
  std::vector<at::Tensor> images;
  for (int64_t i = 0; i < count; ++i) images.push_back(synthetic_image(spec, split, i, 64));
  return at::stack(images);
}

SyntheticSpec with(double effect, int64_t seed = 1) {
  SyntheticSpec spec;
  spec.effect = effect;
  spec.seed = seed;
  return spec;
}

// Real test sets, and images of other cells in place of translations.
class RecoveredChangeTest : public ::testing::Test {
 protected:
  double total(const at::Tensor& generated) const {
    return meter_.measure(generated).total.value_or(NAN);
  }

  at::Tensor source_ = population({}, 0), target_ = population({}, 1);
  RecoveredChangeMeter meter_{source_, target_};
};

TEST_F(RecoveredChangeTest, TargetItselfIsExactlyOne) {
  const RecoveredChange change = meter_.measure(target_);
  EXPECT_EQ(change.total, 1);
  EXPECT_THAT(change.shares, ElementsAre(FieldsAre("size", 1), FieldsAre("elongation", 1),
                                         FieldsAre("intensity", 1), FieldsAre("texture", 1)));
}

TEST_F(RecoveredChangeTest, UntranslatedSourceIsExactlyZero) {
  const RecoveredChange change = recovered_change(source_, target_, source_);
  EXPECT_EQ(change.total, 0);
  for (const auto& [name, share] : change.shares) EXPECT_EQ(share, 0) << name;
}

// The smallest change is one of 17 standard errors of the difference, so a share's error is at most
// 1 / 17, the total's about half of that; and at 64 px texture shows more than half of its change
// at effect 0.5, by up to 0.3 of its share.
TEST_F(RecoveredChangeTest, PartsOfTheChangeRankInTheirOrder) {
  double before = -1;
  for (const double effect : {0.0, 0.25, 0.5, 0.75, 1.0}) {
    const double value = total(population(with(effect, 77), 1));
    EXPECT_NEAR(value, effect, 0.13);
    EXPECT_GT(value, before);
    before = value;
  }
}

TEST_F(RecoveredChangeTest, HalvesOfTheTargetAgree) {
  const at::Tensor first = target_.narrow(0, 0, kImages / 2);
  const at::Tensor last = target_.narrow(0, kImages / 2, kImages / 2);
  EXPECT_GT(recovered_change(source_, first, last).total.value_or(NAN), 0.85);
  EXPECT_GT(recovered_change(source_, last, first).total.value_or(NAN), 0.85);
}

TEST_F(RecoveredChangeTest, TooMuchChangeCountsLikeTooLittle) {
  const RecoveredChange twice = meter_.measure(population(with(1.5), 1));
  for (const auto& [name, share] : twice.shares) EXPECT_GT(share, 1.1) << name;
  EXPECT_LT(twice.total, 0.8);
  EXPECT_GT(twice.total, 0.3);
}

TEST_F(RecoveredChangeTest, TheOppositeChangeIsNegative) {
  SyntheticSpec opposite;
  opposite.change_size = 1 / 0.8;
  opposite.change_elongation = 1.3;
  opposite.change_intensity = 0.7;
  opposite.change_texture = 1.2;
  const RecoveredChange change = meter_.measure(population(opposite, 1));
  EXPECT_LT(change.total, -0.2);
  EXPECT_GE(change.total, -1);
}

TEST_F(RecoveredChangeTest, GarbageStaysInTheRange) {
  at::manual_seed(1);
  const auto bytes = at::TensorOptions().dtype(at::kByte);
  for (const at::Tensor& garbage :
       {at::randint(256, {4, 3, 64, 64}, bytes), at::randint(2, {4, 3, 64, 64}, bytes).mul(255),
        at::full({4, 3, 64, 64}, 127, bytes), source_.bitwise_not(),
        at::randn({4, 3, 64, 64}).mul(20).add(127).clamp(0, 255).to(at::kByte)}) {
    const RecoveredChange change = meter_.measure(garbage);
    ASSERT_TRUE(change.total);
    EXPECT_GE(*change.total, -1);
    EXPECT_LT(*change.total, 0.3);
    for (const auto& [name, share] : change.shares) EXPECT_TRUE(std::isfinite(share)) << name;
  }
}

TEST_F(RecoveredChangeTest, ImagesWithoutCellsAreTheWorst) {
  const RecoveredChange change = meter_.measure(at::zeros({3, 3, 64, 64}, at::kByte));
  EXPECT_EQ(change.total, -1);
  EXPECT_TRUE(change.shares.empty());
}

TEST(RecoveredChangeRuleTest, WithoutAChangeThereIsNoScore) {
  for (int64_t seed = 1; seed <= 6; ++seed) {
    const SyntheticSpec spec = with(0, seed);
    const at::Tensor source = population(spec, 0, 24);
    const RecoveredChange change = recovered_change(source, population(spec, 1, 24), source);
    EXPECT_FALSE(change.total) << seed;
    EXPECT_TRUE(change.shares.empty()) << seed;
  }
}

TEST(RecoveredChangeRuleTest, OneImageHasNoMeasurableChange) {
  const at::Tensor source = population({}, 0, 1);
  EXPECT_FALSE(recovered_change(source, population({}, 1, 8), source).total);
  EXPECT_FALSE(recovered_change(population({}, 0, 8), population({}, 1, 1), source).total);
}

TEST(RecoveredChangeRuleTest, AChangeInNumberIsMeasured) {
  SyntheticSpec spec;
  spec.change_number = 2;
  spec.change_size = spec.change_elongation = spec.change_intensity = spec.change_texture = 1;
  const RecoveredChangeMeter meter(population(spec, 0), population(spec, 1));
  spec.seed = 9;
  const RecoveredChange change = meter.measure(population(spec, 1));
  ASSERT_FALSE(change.shares.empty());
  EXPECT_EQ(change.shares[0].first, "number");
  EXPECT_NEAR(change.shares[0].second, 1, 0.25);
}

// Discs of known radius, four images of one: radii 2 % apart give the sets a spread.
at::Tensor discs(double radius) {
  std::vector<at::Tensor> images;
  for (const double factor : {0.98, 0.99, 1.01, 1.02}) {
    images.push_back(drawn({{.radius = radius * factor}}, 128));
  }
  return at::stack(images);
}

TEST(RecoveredChangeRuleTest, SharesAreOnALogarithmicScale) {
  const RecoveredChangeMeter meter(discs(0.12), discs(0.27));
  const auto size_share = [&](double radius) {
    const RecoveredChange change = meter.measure(discs(radius));
    EXPECT_EQ(change.shares.at(0).first, "size");
    return change.shares.at(0).second;
  };
  EXPECT_NEAR(size_share(0.18), 0.5, 0.02);  // 0.12 * 1.5 = 0.18, 0.18 * 1.5 = 0.27
  EXPECT_NEAR(size_share(0.08), -0.5, 0.04);
  EXPECT_NEAR(size_share(0.405), 1.5, 0.02);
}

}  // namespace
}  // namespace scgan
