#include "core/model/part_window.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/sin.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <utility>

#include "core/model/network_factory.h"
#include "tests/core/model/model_specs.h"

namespace scgan {
namespace {

ModelSpec spec_of(int64_t size, PartPosition position) {
  ModelSpec spec = testing::ssl_spec(4);
  spec.part_size = size;
  spec.part_position = position;
  return spec;
}

// Images whose value at a pixel is its row, or its column.
at::Tensor ramp(int64_t size, int64_t dim) {
  const at::Tensor line = at::arange(size, at::kFloat);
  return (dim == 2 ? line.view({1, 1, size, 1}) : line.view({1, 1, 1, size}))
      .expand({2, 3, size, size});
}

std::set<std::pair<int64_t, int64_t>> windows_of(const ModelSpec& spec, int64_t steps) {
  const CounterRng draws(3, Purpose::kPartA);
  std::set<std::pair<int64_t, int64_t>> windows;
  for (int64_t step = 0; step < steps; ++step) {
    const PartWindow window = part_window(spec, draws, step);
    windows.insert({window.y, window.x});
  }
  return windows;
}

TEST(PartWindowTest, GridOfQuadrantsIsOneDrawOfFour) {
  const CounterRng draws(3, Purpose::kPartA);
  const PartWindow quadrants[] = {{0, 0}, {0, 8}, {8, 0}, {8, 8}};
  for (uint32_t step = 0; step < 50; ++step) {
    const PartWindow window = part_window(spec_of(8, PartPosition::kGrid), draws, step);
    const PartWindow& expected = quadrants[draws.index(4, step, 0)];
    EXPECT_EQ(window.y, expected.y);
    EXPECT_EQ(window.x, expected.x);
  }
}

TEST(PartWindowTest, GridUsesExactlyTheMultiplesOfTheSize) {
  EXPECT_EQ(windows_of(spec_of(16, PartPosition::kGrid), 20).size(), 1);
  EXPECT_EQ(windows_of(spec_of(8, PartPosition::kGrid), 100).size(), 4);
  const auto of_4 = windows_of(spec_of(4, PartPosition::kGrid), 400);
  EXPECT_EQ(of_4.size(), 16);
  for (const auto& [y, x] : of_4) {
    EXPECT_EQ(y % 4 + x % 4, 0);
    EXPECT_LE(std::max(y, x), 12);
  }
}

TEST(PartWindowTest, UniformUsesEveryPositionInsideTheMap) {
  const auto of_8 = windows_of(spec_of(8, PartPosition::kUniform), 3000);
  EXPECT_EQ(of_8.size(), 81);  // 9 x 9
  EXPECT_EQ(*of_8.begin(), (std::pair<int64_t, int64_t>{0, 0}));
  EXPECT_EQ(*of_8.rbegin(), (std::pair<int64_t, int64_t>{8, 8}));
  EXPECT_EQ(windows_of(spec_of(16, PartPosition::kUniform), 20).size(), 1);
}

TEST(PartWindowTest, ImageWindowsHaveTheSameShareOfTheImage) {
  const at::Tensor rows = image_window(ramp(64, 2), {5, 9}, 4);
  const at::Tensor columns = image_window(ramp(64, 3), {5, 9}, 4);
  EXPECT_EQ(rows.sizes(), (std::vector<int64_t>{2, 3, 16, 16}));
  EXPECT_EQ(rows[0][0][0][0].item<double>(), 20);
  EXPECT_EQ(rows[1][2][15][15].item<double>(), 35);
  EXPECT_EQ(columns[0][0][0][0].item<double>(), 36);
  EXPECT_EQ(columns[1][2][15][15].item<double>(), 51);
}

TEST(PartWindowTest, MapWindowsEqualAnAdaptiveAveragePool) {
  const at::Tensor maps = at::sin(at::arange(2 * 5 * 256, at::kDouble)).view({2, 5, 16, 16});
  for (const int64_t size : {2, 4, 8, 16}) {
    const PartWindow window{size == 16 ? 0 : 3, size == 16 ? 0 : 5};
    const at::Tensor expected =
        at::adaptive_avg_pool2d(maps.narrow(2, window.y, size).narrow(3, window.x, size), {8, 8});
    EXPECT_TRUE(at::allclose(map_window(maps, window, size), expected, 0, 1e-15)) << size;
  }
}

// Through the whole discriminator: the target of decoder_part is exactly the window, at the size of
// the reconstruction.
TEST(PartWindowTest, TheDiscriminatorsTargetIsTheWindow) {
  const at::NoGradGuard no_grad;
  for (const int64_t size : {2, 4, 8, 16}) {
    const auto network = make_discriminator(spec_of(size, PartPosition::kUniform), 64);
    initialize(*network, 3, NetworkIndex::kDA);
    const PartWindow window{(16 - size) / 2, 16 - size};
    const at::Tensor rows =
        network->discriminate_real(ramp(64, 2), window).reconstructions[1].target;
    const at::Tensor columns =
        network->discriminate_real(ramp(64, 3), window).reconstructions[1].target;
    const int64_t side = 4 * size;
    const at::Tensor steps = at::arange(64, at::kLong) * side / 64;
    const at::Tensor expected = steps.floor().to(at::kLong);
    EXPECT_TRUE(at::equal(rows[1][2].select(1, 17).to(at::kLong), expected + 4 * window.y)) << size;
    EXPECT_TRUE(at::equal(columns[1][2].select(0, 9).to(at::kLong), expected + 4 * window.x))
        << size;
  }
}

}  // namespace
}  // namespace scgan
