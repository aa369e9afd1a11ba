#include "core/train/image_pool.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <set>

namespace scgan {
namespace {

// Images whose pixels all equal the number of the image: first, first + 1, ...
at::Tensor numbered(int64_t first, int64_t count) {
  return at::arange(first, first + count, at::kFloat)
      .view({count, 1, 1, 1})
      .expand({count, 3, 2, 2})
      .contiguous();
}

// What the pool shows for `fakes` in `step`.
at::Tensor shown_by(ImagePool& pool, const at::Tensor& fakes, int64_t step) {
  const int64_t count = fakes.size(0);
  const at::Tensor moves = at::empty({pool.move_count(count)}, at::kLong);
  pool.decide(step, count, moves.mutable_data_ptr<int64_t>());
  return pool.query(fakes, moves);
}

TEST(ImagePoolTest, ReturnsItsInputsWhileItFills) {
  ImagePool pool(50, 1, Purpose::kPoolA);
  for (int64_t step = 0; step < 10; ++step) {
    const at::Tensor fakes = numbered(5 * step, 5);
    EXPECT_TRUE(at::equal(shown_by(pool, fakes, step), fakes));
  }
  EXPECT_EQ(pool.images().size(0), 50);
}

TEST(ImagePoolTest, SwapsAboutHalfOfTheTimeAndStoresTheNewImage) {
  ImagePool pool(20, 1, Purpose::kPoolA);
  shown_by(pool, numbered(0, 20), 0);
  int64_t swapped = 0;
  constexpr int64_t kCount = 400;
  for (int64_t step = 1; step <= kCount; ++step) {
    const auto given = static_cast<float>(100 + step);
    const float shown = shown_by(pool, numbered(100 + step, 1), step)[0][0][0][0].item<float>();
    if (shown == given) continue;
    ++swapped;
    // The new image has replaced the old one.
    EXPECT_TRUE(pool.images().eq(given).any().item<bool>());
    EXPECT_FALSE(pool.images().eq(shown).any().item<bool>());
  }
  EXPECT_NEAR(static_cast<double>(swapped) / kCount, 0.5, 0.1);  // within 4 standard deviations
}

TEST(ImagePoolTest, CapacityZeroReturnsTheInputs) {
  ImagePool pool(0, 1, Purpose::kPoolA);
  EXPECT_TRUE(at::equal(shown_by(pool, numbered(0, 3), 7), numbered(0, 3)));
  EXPECT_FALSE(pool.images().defined());
}

TEST(ImagePoolTest, ContinuesEquallyFromItsImagesAlone) {
  ImagePool whole(4, 9, Purpose::kPoolB);
  ImagePool restored(4, 9, Purpose::kPoolB);
  shown_by(whole, numbered(0, 4), 0);
  shown_by(whole, numbered(10, 4), 1);
  restored.set_images(whole.images().clone());
  for (int64_t step = 2; step < 8; ++step) {
    EXPECT_TRUE(at::equal(shown_by(whole, numbered(20 * step, 4), step),
                          shown_by(restored, numbered(20 * step, 4), step)));
  }
}

}  // namespace
}  // namespace scgan
