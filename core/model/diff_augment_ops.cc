#include "core/model/diff_augment_ops.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

namespace scgan {
namespace {

namespace autograd = torch::autograd;

// [N] -> [N, 1, 1, 1].
at::Tensor per_sample(const at::Tensor& values) { return values.view({-1, 1, 1, 1}); }

at::Tensor scale_around(const at::Tensor& images, const at::Tensor& mean,
                        const at::Tensor& factor) {
  return (images - mean) * per_sample(factor) + mean;
}

// [length]: 0, 1, ..., on the device of `like`.
at::Tensor positions(int64_t length, const at::Tensor& like) {
  return at::arange(length, like.options().dtype(at::kLong));
}

at::Tensor is_inside(const at::Tensor& places, int64_t length) {
  return places.ge(0).logical_and_(places.lt(length));
}

// Copies a rectangle per image, which takes less time on a CPU than the index below.
at::Tensor moved_on_cpu(const at::Tensor& images, const at::Tensor& offset_y,
                        const at::Tensor& offset_x) {
  const at::Tensor result = at::zeros(images.sizes(), images.options());
  // The part of an image that is `offset` pixels from its beginning, or the other way.
  const auto part = [](const at::Tensor& image, int64_t dim, int64_t offset) {
    const int64_t end = image.size(dim) - std::max<int64_t>(-offset, 0);
    return image.slice(dim, std::max<int64_t>(offset, 0), std::max<int64_t>(end, 0));
  };
  for (int64_t i = 0; i < images.size(0); ++i) {
    const auto y = offset_y[i].item<int64_t>();
    const auto x = offset_x[i].item<int64_t>();
    part(part(result[i], 1, -y), 2, -x).copy_(part(part(images[i], 1, y), 2, x));
  }
  return result;
}

at::Tensor moved(const at::Tensor& images, const at::Tensor& offset_y, const at::Tensor& offset_x) {
  if (images.is_cpu()) return moved_on_cpu(images, offset_y, offset_x);
  const int64_t height = images.size(2);
  const int64_t width = images.size(3);
  const at::Tensor rows = positions(height, images).view({1, 1, -1, 1}) + per_sample(offset_y);
  const at::Tensor columns = positions(width, images) + per_sample(offset_x);
  const at::Tensor from = rows.clamp(0, height - 1) * width + columns.clamp(0, width - 1);
  const at::Tensor picked = images.flatten(2)
                                .gather(2, from.flatten(2).expand({-1, images.size(1), -1}))
                                .view(images.sizes());
  const at::Tensor inside = is_inside(rows, height).logical_and(is_inside(columns, width));
  return picked.masked_fill_(inside.logical_not(), 0);
}

// Every pixel goes to one place at most, so the backward pass only moves pixels back; that of an
// index adds in no fixed order on CUDA.
class Translation : public autograd::Function<Translation> {
 public:
  static at::Tensor forward(autograd::AutogradContext* context, const at::Tensor& images,
                            const at::Tensor& y, const at::Tensor& x) {
    context->save_for_backward({y, x});
    return moved(images, y, x);
  }

  static autograd::variable_list backward(autograd::AutogradContext* context,
                                          const autograd::variable_list& gradients) {
    const autograd::variable_list offsets = context->get_saved_variables();
    at::Tensor back = moved(gradients[0], -offsets[0], -offsets[1]);
    // Turns -0 into 0. Earlier versions added the gradients of the samples; the bits of a run stay
    // as they were.
    if (back.size(0) > 1) back.add_(0);
    return {back, at::Tensor(), at::Tensor()};
  }
};

// [N, length] with 1 at the `size` positions around each centre, of the type of `images`.
at::Tensor windows(const at::Tensor& centres, int64_t size, int64_t length,
                   const at::Tensor& images) {
  const at::Tensor from_begin = positions(length, images) - (centres - size / 2).unsqueeze(1);
  return is_inside(from_begin, size).to(images.scalar_type());
}

}  // namespace

at::Tensor shift_brightness(const at::Tensor& images, const at::Tensor& shift) {
  return images + per_sample(shift);
}

at::Tensor scale_saturation(const at::Tensor& images, const at::Tensor& factor) {
  return scale_around(images, images.mean({1}, /*keepdim=*/true), factor);
}

at::Tensor scale_contrast(const at::Tensor& images, const at::Tensor& factor) {
  return scale_around(images, images.mean({1, 2, 3}, /*keepdim=*/true), factor);
}

at::Tensor translate(const at::Tensor& images, const PixelVectors& offsets) {
  return Translation::apply(images, offsets.y, offsets.x);
}

at::Tensor cut_out(const at::Tensor& images, const PixelVectors& centres, PixelVector size) {
  const at::Tensor in_rows = windows(centres.y, size.y, images.size(2), images);
  const at::Tensor in_columns = windows(centres.x, size.x, images.size(3), images);
  const at::Tensor hole = in_rows.unsqueeze(2) * in_columns.unsqueeze(1);  // [N, H, W]
  return images * (1 - hole).unsqueeze(1);
}

}  // namespace scgan
