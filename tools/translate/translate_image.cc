#include "tools/translate/translate_image.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <vector>

#include "tools/translate/tile_spans.h"

namespace scgan {
namespace {

// `size` indices into a line of `length` pixels, reflected at its ends as often as necessary:
// 0 1 2 1 0 1 2 ... for a length of 3.
at::Tensor reflected(int64_t length, int64_t size) {
  const int64_t period = std::max<int64_t>(1, 2 * (length - 1));
  at::Tensor indices = at::empty({size}, at::kLong);
  auto* index = indices.mutable_data_ptr<int64_t>();
  for (int64_t i = 0; i < size; ++i) {
    const int64_t phase = i % period;
    index[i] = std::min(phase, period - phase);
  }
  return indices;
}

int64_t enlarged(int64_t length) {
  return std::max(kLeastSide, (length + kSideMultiple - 1) / kSideMultiple * kSideMultiple);
}

at::Tensor padded(const at::Tensor& image, int64_t height, int64_t width) {
  return image.index_select(1, reflected(image.size(1), height))
      .index_select(2, reflected(image.size(2), width));
}

at::Tensor forward(Generator& generator, const at::Tensor& image) {
  return generator.forward(image.unsqueeze(0).to(generator.options())).squeeze(0).to(at::kCPU);
}

// Tiles are added in a fixed order, so the sums have the same bits each time.
at::Tensor blended_tiles(Generator& generator, const at::Tensor& whole, const Tiling& tiling) {
  const int64_t side = tiling.side;
  const auto type = generator.options().dtype();
  at::Tensor result = at::zeros(whole.sizes(), type);
  const auto columns = tile_spans(whole.size(2), side, tiling.overlap);
  for (const TileSpan& row : tile_spans(whole.size(1), side, tiling.overlap)) {
    const at::Tensor down = at::tensor(row.weights, at::kDouble).view({side, 1});
    for (const TileSpan& column : columns) {
      const auto cut = [&](const at::Tensor& from) {
        return from.narrow(1, row.start, side).narrow(2, column.start, side);
      };
      const at::Tensor weights = down * at::tensor(column.weights, at::kDouble);
      cut(result).add_(forward(generator, cut(whole)) * weights.to(result.scalar_type()));
    }
  }
  return result;
}

}  // namespace

at::Tensor translate_image(Generator& generator, const at::Tensor& image, const Tiling& tiling) {
  const at::NoGradGuard no_grad;
  const int64_t height = image.size(1);
  const int64_t width = image.size(2);
  const at::Tensor whole = padded(image, enlarged(std::max(height, tiling.side)),
                                  enlarged(std::max(width, tiling.side)));
  const at::Tensor result =
      tiling.side == 0 ? forward(generator, whole) : blended_tiles(generator, whole, tiling);
  return result.narrow(1, 0, height).narrow(2, 0, width);
}

}  // namespace scgan
