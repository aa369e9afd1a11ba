#include "core/model/part_window.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/upsample_nearest2d.h>

#include "core/base/counter_rng.h"

namespace scgan {
namespace {

constexpr int64_t kMapSize = 16;
constexpr int64_t kSeenSize = 8;

at::Tensor square(const at::Tensor& maps, int64_t y, int64_t x, int64_t size) {
  return maps.narrow(2, y, size).narrow(3, x, size);
}

}  // namespace

PartWindow part_window(const ModelSpec& model, const CounterRng& rng, int64_t step) {
  const auto index = [&](int64_t count, uint32_t lane) {
    return static_cast<int64_t>(
        rng.index(static_cast<uint32_t>(count), static_cast<uint32_t>(step), 0, lane));
  };
  const int64_t size = model.part_size;
  if (model.part_position == PartPosition::kUniform) {
    const int64_t positions = kMapSize - size + 1;
    return {index(positions, 0), index(positions, 1)};
  }
  const int64_t per_side = kMapSize / size;
  const int64_t chosen = index(per_side * per_side, 0);
  return {chosen / per_side * size, chosen % per_side * size};
}

PartWindows part_windows(const RunSpec& spec, int64_t step) {
  const auto seed = static_cast<uint32_t>(spec.seed);
  return {part_window(spec.model, CounterRng(seed, Purpose::kPartA), step),
          part_window(spec.model, CounterRng(seed, Purpose::kPartB), step)};
}

// Equal to an adaptive average pool to 8 x 8, whose backward pass is not deterministic on CUDA.
at::Tensor map_window(const at::Tensor& maps, PartWindow window, int64_t part_size) {
  at::Tensor seen = square(maps, window.y, window.x, part_size);
  if (part_size > kSeenSize) return at::avg_pool2d(seen, part_size / kSeenSize);
  if (part_size < kSeenSize) return at::upsample_nearest2d(seen, {kSeenSize, kSeenSize});
  return seen;
}

at::Tensor image_window(const at::Tensor& images, PartWindow window, int64_t part_size) {
  const int64_t cell = images.size(2) / kMapSize;
  return square(images, window.y * cell, window.x * cell, part_size * cell);
}

}  // namespace scgan
