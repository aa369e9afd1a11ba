#include "core/eval/cell_segmentation.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/data/synthetic_cells.h"
#include "tests/core/eval/drawn_cells.h"

namespace scgan {
namespace {

constexpr CellThresholds kThresholds{30, 40};

std::vector<MeasuredCell> cells_of(const at::Tensor& image) {
  return measure_cells(image, kThresholds);
}

TEST(CellSegmentationTest, ADiscHasItsRadiusRoundnessAndBrightness) {
  const auto cells = cells_of(drawn({{.x = 0.45, .radius = 0.25}}));
  ASSERT_EQ(cells.size(), 1U);
  EXPECT_NEAR(cells[0].radius, 0.25, 0.01);  // 0.6 pixels
  EXPECT_NEAR(cells[0].elongation, 1, 0.02);
  EXPECT_NEAR(cells[0].intensity, (70 + 110) / 2.0, 5);  // over the background, which is 10
  ASSERT_TRUE(cells[0].texture);
  EXPECT_LT(*cells[0].texture, 0.02);  // the outline smears a little into the body
}

TEST(CellSegmentationTest, AnEllipseHasItsRatioOfAxesAtAnyAngle) {
  for (const double angle : {0.0, 0.4, 1.3, 2.5}) {
    const auto cells = cells_of(drawn({{.radius = 0.2, .elongation = 2.5, .angle = angle}}));
    ASSERT_EQ(cells.size(), 1U);
    EXPECT_NEAR(cells[0].elongation, 2.5, 0.15);
    EXPECT_NEAR(cells[0].radius, 0.2, 0.01);
  }
}

TEST(CellSegmentationTest, BackgroundDoesNotCount) {
  const auto cells = cells_of(drawn({{.actin = 120, .tubulin = 160, .dna = 190}}, 64, 50));
  ASSERT_EQ(cells.size(), 1U);
  EXPECT_NEAR(cells[0].intensity, 90, 5);
}

TEST(CellSegmentationTest, TouchingBodiesAreSplitBetweenTheirNuclei) {
  const auto cells = cells_of(drawn({{.x = 0.3, .radius = 0.22}, {.x = 0.7, .radius = 0.22}}));
  ASSERT_EQ(cells.size(), 2U);
  // Each loses half of the lens in which the discs overlap: with d = 0.2 / 0.22 from centre to
  // chord a disc loses (acos(d) - d sqrt(1 - d^2)) / pi = 0.0157 of its area.
  for (const MeasuredCell& cell : cells) EXPECT_NEAR(cell.radius, 0.22 * std::sqrt(0.9843), 0.01);
}

TEST(CellSegmentationTest, TouchingNucleiAreTwoCells) {
  const auto cells = cells_of(drawn({{.x = 0.40, .nucleus = 0.11}, {.x = 0.60, .nucleus = 0.11}}));
  EXPECT_EQ(cells.size(), 2U);
}

TEST(CellSegmentationTest, ALongNucleusIsOneCell) {
  at::Tensor image = drawn({{.radius = 0.3, .elongation = 2.5, .angle = 0.5, .nucleus = 0}});
  draw_ellipse(image, 2, {.elongation = 3, .angle = 0.5}, 0.12, 150);
  EXPECT_EQ(cells_of(image).size(), 1U);
}

TEST(CellSegmentationTest, SpecksAndBodiesWithoutNucleusAreNotCells) {
  at::Tensor image =
      drawn({{.x = 0.25, .radius = 0.15}, {.x = 0.75, .radius = 0.15, .nucleus = 0}});
  image[2][32].slice(0, 50, 51).fill_(255);  // one pixel
  const auto cells = cells_of(image);
  ASSERT_EQ(cells.size(), 1U);
  EXPECT_NEAR(cells[0].radius, 0.15, 0.01);
}

TEST(CellSegmentationTest, TextureIsTheDeviationRelativeToTheMean) {
  at::Tensor image = drawn({{.radius = 0.3}});
  // Tubulin 110 over background, checked with +-33: the mean of 5 x 5 pixels moves by 33 / 25 with
  // the pixel in the middle, so that deviations are 33 * 24 / 25 everywhere.
  at::Tensor plane = image[1];
  for (int64_t i = 0; i < 64 * 64; ++i) {
    at::Tensor pixel = plane[i / 64][i % 64];
    const auto level = pixel.item<uint8_t>();
    if (level == 120) pixel.fill_((i / 64 + i % 64) % 2 == 0 ? 153 : 87);
  }
  const auto cells = cells_of(image);
  ASSERT_EQ(cells.size(), 1U);
  ASSERT_TRUE(cells[0].texture);
  EXPECT_NEAR(*cells[0].texture, 33.0 * 24 / 25 / 110, 0.003);
}

TEST(CellSegmentationTest, ACellTooSmallForASquareHasNoTexture) {
  const auto cells = cells_of(drawn({{.radius = 0.04, .nucleus = 0.035}}));
  ASSERT_EQ(cells.size(), 1U);
  EXPECT_FALSE(cells[0].texture);
}

TEST(CellSegmentationTest, MeasuresDoNotDependOnTheResolution) {
  const std::vector<DrawnCell> two{{.x = 0.27, .y = 0.3, .radius = 0.15, .elongation = 2},
                                   {.x = 0.68, .y = 0.66, .radius = 0.22}};
  for (const int64_t size : {64, 100, 256, 1024}) {
    const auto cells = cells_of(drawn(two, size));
    ASSERT_EQ(cells.size(), 2U) << size;
    EXPECT_NEAR(cells[0].radius, 0.15, 0.012) << size;
    EXPECT_NEAR(cells[0].elongation, 2, 0.15) << size;
    EXPECT_NEAR(cells[1].radius, 0.22, 0.012) << size;
  }
}

TEST(CellSegmentationTest, ThresholdsLieBetweenBackgroundAndCells) {
  const at::Tensor images = at::stack({drawn({{}}), drawn({{.x = 0.3}, {.x = 0.8}})});
  const CellThresholds thresholds = cell_thresholds(images);
  EXPECT_GT(thresholds.body, 4);
  EXPECT_LT(thresholds.body, 90);
  EXPECT_GT(thresholds.nucleus, 4);
  EXPECT_LT(thresholds.nucleus, 140);
}

TEST(CellSegmentationTest, DimCellsNextToBrightOnesAreAboveTheThreshold) {
  const at::Tensor images =
      drawn({{.x = 0.25, .radius = 0.2, .actin = 230, .tubulin = 230, .dna = 250},
             {.x = 0.75, .radius = 0.2, .actin = 60, .tubulin = 60, .dna = 70}})
          .unsqueeze(0);
  EXPECT_EQ(measure_cells(images[0], cell_thresholds(images)).size(), 2U);
}

TEST(CellSegmentationTest, EveryImageHasFiniteCells) {
  at::manual_seed(1);
  const auto bytes = at::TensorOptions().dtype(at::kByte);
  const at::Tensor ramp = at::arange(64).mul(4).to(at::kByte).expand({3, 64, 64});
  for (const at::Tensor& image :
       {at::zeros({3, 64, 64}, bytes), at::full({3, 64, 64}, 255, bytes), ramp, ramp.flip({2}),
        at::randint(256, {3, 64, 64}, bytes), at::randint(2, {3, 128, 128}, bytes).mul(255),
        at::randint(256, {3, 1, 1}, bytes), at::randint(256, {3, 3, 200}, bytes),
        at::randint(256, {3, 300, 140}, bytes)}) {
    const CellThresholds own = cell_thresholds(image.unsqueeze(0));
    EXPECT_GE(own.body, 4);
    EXPECT_GE(own.nucleus, 4);
    for (const CellThresholds& thresholds : {kThresholds, own, CellThresholds{4, 4}}) {
      for (const MeasuredCell& cell : measure_cells(image, thresholds)) {
        EXPECT_GT(cell.radius, 0);
        EXPECT_TRUE(std::isfinite(cell.radius));
        EXPECT_GE(cell.elongation, 1);
        EXPECT_TRUE(std::isfinite(cell.elongation));
        EXPECT_TRUE(std::isfinite(cell.intensity));
        EXPECT_TRUE(std::isfinite(cell.texture.value_or(0)));
      }
    }
  }
}

TEST(CellSegmentationTest, AConstantImageHasNoCells) {
  EXPECT_TRUE(cells_of(at::full({3, 64, 64}, 127, at::kByte)).empty());
}

// The drawn cells against those found in 48 images of 64 px. Cells overlap and
// reach beyond the image, and pixels and the camera blur fine structure: hence the tolerances.
struct Comparison {
  double found = 0, radius = 0, elongation = 0, intensity = 0, texture = 0;
  double true_cells = 0, true_radius = 0;
};

Comparison comparison(const SyntheticSpec& spec, int domain) {
  const Split split = domain == 0 ? Split::kTestA : Split::kTestB;
  std::vector<at::Tensor> images;
  for (int64_t i = 0; i < 48; ++i) images.push_back(synthetic_image(spec, split, i, 64));
  const CellThresholds thresholds = cell_thresholds(at::stack(images));
  Comparison sums;
  double textured = 0;
  for (int64_t i = 0; i < 48; ++i) {
    for (const MeasuredCell& cell : measure_cells(images[static_cast<size_t>(i)], thresholds)) {
      sums.found += 1;
      sums.radius += cell.radius;
      sums.elongation += cell.elongation;
      sums.intensity += cell.intensity;
      sums.texture += cell.texture.value_or(0);
      textured += cell.texture ? 1 : 0;
    }
    const CellTruth truth = synthetic_truth(spec, split, i);
    sums.true_cells += static_cast<double>(truth.cells);
    sums.true_radius += static_cast<double>(truth.cells) * truth.radius;
  }
  sums.radius /= sums.found;
  sums.elongation /= sums.found;
  sums.intensity /= sums.found;
  sums.texture /= textured;
  sums.true_radius /= sums.true_cells;
  return sums;
}

TEST(CellSegmentationTest, FindsTheCellsThatWereDrawn) {
  for (const int domain : {0, 1}) {
    const Comparison all = comparison({}, domain);
    EXPECT_NEAR(all.found / all.true_cells, 1, 0.1);
    EXPECT_NEAR(all.radius / all.true_radius, 1, 0.2);
  }
}

SyntheticSpec unchanged() {
  SyntheticSpec spec;
  spec.change_number = spec.change_size = spec.change_elongation = 1;
  spec.change_intensity = spec.change_texture = 1;
  return spec;
}

// Each change alone: the measure moves with the truth, at least by 0.4 of it in logarithms.
TEST(CellSegmentationTest, EachMeasureFollowsTheTruth) {
  using Change = double SyntheticSpec::*;
  using Measure = double Comparison::*;
  struct Case {
    Change change;
    Measure measure;
    double ratio;
  };
  const Comparison before = comparison(unchanged(), 0);
  for (const auto& [change, measure, ratio] :
       {Case{&SyntheticSpec::change_number, &Comparison::found, 1.5},
        Case{&SyntheticSpec::change_size, &Comparison::radius, 0.63},
        Case{&SyntheticSpec::change_elongation, &Comparison::elongation, 0.52},
        Case{&SyntheticSpec::change_intensity, &Comparison::intensity, 2.3},
        Case{&SyntheticSpec::change_texture, &Comparison::texture, 0.5}}) {
    SyntheticSpec spec = unchanged();
    spec.*change = ratio;
    const Comparison after = comparison(spec, 1);
    const double followed = std::log(after.*measure / before.*measure) / std::log(ratio);
    EXPECT_GT(followed, 0.4) << ratio;
    EXPECT_LT(followed, 1.4) << ratio;
  }
}

}  // namespace
}  // namespace scgan
