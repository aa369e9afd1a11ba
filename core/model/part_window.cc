#include "core/model/part_window.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/upsample_nearest2d.h>
#include <torch/csrc/autograd/custom_function.h>

#include "core/base/counter_rng.h"

namespace scgan {
namespace {

constexpr int64_t kMapSize = 16;
constexpr int64_t kSeenSize = 8;

at::Tensor indices(int64_t count, const at::Tensor& like) {
  return at::arange(count, like.options().dtype(at::kLong));
}

// Cuts the square of side `size` whose top left corner is corner [2], which only the GPU reads. The
// backward pass moves each element back; that of an index adds.
class Square : public torch::autograd::Function<Square> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& maps,
                            const at::Tensor& corner, int64_t size) {
    context->save_for_backward({corner});
    context->saved_data["height"] = maps.size(2);
    context->saved_data["width"] = maps.size(3);
    const at::Tensor places = indices(size, maps);
    return maps.index_select(2, places + corner[0]).index_select(3, places + corner[1]);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const at::Tensor& gradient = gradients[0];
    const at::Tensor corner = context->get_saved_variables()[0];
    const int64_t size = gradient.size(2);
    const at::Tensor rows = indices(context->saved_data["height"].toInt(), gradient) - corner[0];
    const at::Tensor columns = indices(context->saved_data["width"].toInt(), gradient) - corner[1];
    const auto outside = [&](const at::Tensor& places) {
      return places.lt(0).logical_or_(places.ge(size));
    };
    at::Tensor back = gradient.index_select(2, rows.clamp(0, size - 1))
                          .index_select(3, columns.clamp(0, size - 1));
    back.masked_fill_(outside(rows).unsqueeze(1).logical_or(outside(columns)), 0);
    return {back, at::Tensor(), at::Tensor()};
  }
};

// `unit`: the elements of a cell.
at::Tensor square(const at::Tensor& maps, const PartWindow& window, int64_t size, int64_t unit) {
  if (window.on_gpu.defined()) return Square::apply(maps, window.on_gpu * unit, size * unit);
  return maps.narrow(2, window.y * unit, size * unit).narrow(3, window.x * unit, size * unit);
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
at::Tensor map_window(const at::Tensor& maps, const PartWindow& window, int64_t part_size) {
  at::Tensor seen = square(maps, window, part_size, 1);
  if (part_size > kSeenSize) return at::avg_pool2d(seen, part_size / kSeenSize);
  if (part_size < kSeenSize) return at::upsample_nearest2d(seen, {kSeenSize, kSeenSize});
  return seen;
}

at::Tensor image_window(const at::Tensor& images, const PartWindow& window, int64_t part_size) {
  return square(images, window, part_size, images.size(2) / kMapSize);
}

}  // namespace scgan
