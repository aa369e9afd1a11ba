#include "core/model/diff_augment_ops.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

namespace scgan {
namespace {

// [N] -> [N, 1, 1, 1], of the type and on the device of the images.
at::Tensor per_sample(const at::Tensor& values, const at::Tensor& images) {
  return values.to(images.options()).view({-1, 1, 1, 1});
}

at::Tensor scale_around(const at::Tensor& images, const at::Tensor& mean,
                        const at::Tensor& factor) {
  return (images - mean) * per_sample(factor, images) + mean;
}

// [N, length] with 1 at the `size` positions around each centre, clipped to the length.
at::Tensor windows(const std::vector<int64_t>& centres, int64_t size, int64_t length) {
  auto marks = at::zeros({static_cast<int64_t>(centres.size()), length});
  for (size_t i = 0; i < centres.size(); ++i) {
    const int64_t begin = centres[i] - size / 2;
    const int64_t first = std::clamp<int64_t>(begin, 0, length);
    const int64_t last = std::clamp<int64_t>(begin + size, 0, length);
    marks[static_cast<int64_t>(i)].slice(0, first, last).fill_(1);
  }
  return marks;
}

}  // namespace

at::Tensor shift_brightness(const at::Tensor& images, const at::Tensor& shift) {
  return images + per_sample(shift, images);
}

at::Tensor scale_saturation(const at::Tensor& images, const at::Tensor& factor) {
  return scale_around(images, images.mean({1}, /*keepdim=*/true), factor);
}

at::Tensor scale_contrast(const at::Tensor& images, const at::Tensor& factor) {
  return scale_around(images, images.mean({1, 2, 3}, /*keepdim=*/true), factor);
}

// Slices and padding, not an index: on CUDA the backward pass of an index adds in no fixed order.
at::Tensor translate(const at::Tensor& images, const std::vector<PixelVector>& offsets) {
  const int64_t height = images.size(2);
  const int64_t width = images.size(3);
  std::vector<at::Tensor> moved;
  moved.reserve(offsets.size());
  for (size_t i = 0; i < offsets.size(); ++i) {
    const auto [y, x] = offsets[i];
    const int64_t top = std::max<int64_t>(-y, 0);
    const int64_t bottom = std::max<int64_t>(y, 0);
    const int64_t left = std::max<int64_t>(-x, 0);
    const int64_t right = std::max<int64_t>(x, 0);
    const auto kept = images.narrow(0, static_cast<int64_t>(i), 1)
                          .slice(2, bottom, height - top)
                          .slice(3, right, width - left);
    moved.push_back(at::constant_pad_nd(kept, {left, right, top, bottom}));
  }
  return at::cat(moved);
}

at::Tensor cut_out(const at::Tensor& images, const std::vector<PixelVector>& centres,
                   PixelVector size) {
  std::vector<int64_t> rows;
  std::vector<int64_t> columns;
  for (const auto& centre : centres) {
    rows.push_back(centre.y);
    columns.push_back(centre.x);
  }
  const auto in_rows = windows(rows, size.y, images.size(2)).to(images.options());
  const auto in_columns = windows(columns, size.x, images.size(3)).to(images.options());
  const auto hole = in_rows.unsqueeze(2) * in_columns.unsqueeze(1);  // [N, H, W]
  return images * (1 - hole).unsqueeze(1);
}

}  // namespace scgan
