#include "core/model/winograd_conv.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/upsample_nearest2d.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/model/arithmetic.h"
#include "core/model/reflection_pad.h"
#include "core/model/typed_conv.h"
#include "core/model/winograd_products.h"
#include "core/model/winograd_shape.h"
#include "core/model/winograd_transforms.h"
#include "core/model/winograd_weight.h"

namespace scgan {
namespace {

namespace autograd = torch::autograd;
using winograd::Inputs;
using winograd::kColumns;
using winograd::kPositions;
using winograd::kRows;
using winograd::LeftMatrix;
using winograd::Outputs;
using winograd::RightMatrix;
using winograd::round_up_to;
using winograd::Shape;

// The row of the input at `i`, which may lie outside: -1 for a zero.
int64_t source(int64_t i, int64_t size, Border border) {
  if (i >= 0 && i < size) return i;
  if (border == Border::kZero || i < -1 || i > size) return -1;
  return i < 0 ? -i : 2 * (size - 1) - i;
}

// The inputs of tile `index`, row by row; `missing` in place of zeros.
template <typename Number>
void find_inputs(const Shape& shape, int64_t index, Number* x, Number* missing,
                 Inputs<Number>& pixels) {
  const auto [image, row, column] = shape.place_of(index);
  const int64_t step = shape.doubled ? 1 : 2;
  for (int64_t i = 0; i < shape.side(); ++i) {
    const int64_t y_of_input = source(step * row - 1 + i, shape.height, shape.border);
    for (int64_t j = 0; j < shape.side(); ++j) {
      const int64_t x_of_input = source(step * column - 1 + j, shape.width, shape.border);
      pixels[i * shape.side() + j] =
          y_of_input < 0 || x_of_input < 0
              ? missing
              : x + ((image * shape.height + y_of_input) * shape.width + x_of_input) * shape.in;
    }
  }
}

// The 2 x 2 outputs of tile `index`; `missing` for those below or to the right of the image.
template <typename Number>
void find_outputs(const Shape& shape, int64_t index, Number* y, Number* missing,
                  Outputs<Number>& pixels) {
  const auto [image, row, column] = shape.place_of(index);
  for (int64_t i = 0; i < 2; ++i) {
    for (int64_t j = 0; j < 2; ++j) {
      const int64_t y_of_output = 2 * row + i;
      const int64_t x_of_output = 2 * column + j;
      pixels[2 * i + j] =
          y_of_output >= shape.out_height() || x_of_output >= shape.out_width()
              ? missing
              : y + ((image * shape.out_height() + y_of_output) * shape.out_width() + x_of_output) *
                        shape.out;
    }
  }
}

// to = from u: [positions, tiles, from_row] times the transformed weight, or the transposed one.
template <typename Number>
void multiply_by_weight(const Shape& shape, const at::Tensor& from, const at::Tensor& u,
                        at::Tensor& to) {
  const int64_t tiles = from.size(1);
  const int64_t from_row = from.size(2);
  const int64_t to_row = to.size(2);
  const int64_t inner = u.size(2);
  const auto* left = from.const_data_ptr<Number>();
  const auto* right = u.const_data_ptr<Number>();
  auto* result = to.mutable_data_ptr<Number>();
  for (int64_t position = 0; position < shape.positions(); ++position) {
    winograd::multiply(
        LeftMatrix<Number>{left + position * tiles * from_row, from_row, 1},
        RightMatrix<Number>{right + position * to_row * inner, kColumns, inner * kColumns}, tiles,
        inner, to_row / kColumns, result + position * tiles * to_row, to_row, false);
  }
}

// du += dm^T v over `count` tiles, or = for the first ones.
template <typename Number>
void add_weight_gradients(const Shape& shape, const at::Tensor& dm, const at::Tensor& v,
                          int64_t count, bool first, at::Tensor& du) {
  const int64_t in = shape.in_row();
  const int64_t out = shape.out_row();
  const int64_t tiles = v.size(1);
  const auto* left = dm.const_data_ptr<Number>();
  const auto* right = v.const_data_ptr<Number>();
  auto* result = du.mutable_data_ptr<Number>();
  for (int64_t position = 0; position < shape.positions(); ++position) {
    winograd::multiply(LeftMatrix<Number>{left + position * tiles * out, 1, out},
                       RightMatrix<Number>{right + position * tiles * in, in, kColumns}, out, count,
                       in / kColumns, result + position * out * in, in, !first);
  }
}

// Into v [positions, tiles, in_row]: the transformed inputs of the tiles from `first` on.
template <typename Number>
void transform_inputs(const Shape& shape, const at::Tensor& x, int64_t first, int64_t count,
                      const at::Tensor& v) {
  const auto* from = x.const_data_ptr<Number>();
  auto* to = v.mutable_data_ptr<Number>();
  const std::vector<Number> zeros(static_cast<size_t>(shape.in));
  Inputs<const Number> pixels{};
  for (int64_t t = 0; t < count; ++t) {
    find_inputs(shape, first + t, from, zeros.data(), pixels);
    winograd::transform_input(shape.doubled, pixels, to + t * shape.in_row(),
                              v.size(1) * shape.in_row(), shape.in);
  }
}

// Uninitialised memory, but zeros where rows or tiles have been rounded up.
at::Tensor new_block(const Shape& shape, int64_t count, int64_t channels,
                     const at::TensorOptions& options) {
  const int64_t tiles = round_up_to(kRows, count);
  const int64_t row = round_up_to(kColumns, channels);
  at::Tensor block = at::empty({shape.positions(), tiles, row}, options);
  if (tiles != count || row != channels) block.zero_();
  return block;
}

// Calls work(first, count, v, m) for all blocks of tiles: for `count` tiles from `first` on, `v`
// [positions, tiles, in_row] and `m` [positions, tiles, out_row] hold transformed inputs and
// outputs.
template <typename Work>
void for_each_block(const Shape& shape, const at::TensorOptions& options, const Work& work) {
  at::Tensor v;
  at::Tensor m;
  int64_t allocated = 0;
  for (int64_t first = 0; first < shape.tiles(); first += shape.block()) {
    const int64_t count = std::min(shape.block(), shape.tiles() - first);
    if (count != allocated) {
      v = new_block(shape, count, shape.in, options);
      m = new_block(shape, count, shape.out, options);
      allocated = count;
    }
    work(first, count, v, m);
  }
}

// The threads share the images of a call: calls work(thread, first image, images) once for each
// thread that takes part. A region of OpenMP for each loop would take longer than the loops.
template <typename Work>
void share_images(const Shape& shape, const Work& work) {
  const int64_t threads = at::get_num_threads();
  const int64_t share = (shape.images + threads - 1) / threads;
  at::parallel_for(0, shape.images, 1, [&](int64_t begin, int64_t end) {
    for (int64_t first = begin; first < end; first += share)
      work(first / share, first, std::min(share, end - first));
  });
}

Shape with_images(Shape shape, int64_t images) {
  shape.images = images;
  return shape;
}

// Into y [N, O, H, W]. `u` is the transformed weight.
template <typename Number>
void compute_outputs(const Shape& shape, const at::Tensor& x, const at::Tensor& u,
                     const at::Tensor& bias, const at::Tensor& y) {
  const std::vector<Number> zeros(static_cast<size_t>(shape.out));
  const Number* added = bias.defined() ? bias.const_data_ptr<Number>() : zeros.data();
  auto* to = y.mutable_data_ptr<Number>();
  Outputs<Number> pixels{};
  std::vector<Number> outside(static_cast<size_t>(shape.out));
  for_each_block(shape, x.options(),
                 [&](int64_t first, int64_t count, at::Tensor& v, at::Tensor& m) {
                   transform_inputs<Number>(shape, x, first, count, v);
                   multiply_by_weight<Number>(shape, v, u, m);
                   const auto* from = m.const_data_ptr<Number>();
                   const int64_t row = shape.out_row();
                   for (int64_t t = 0; t < count; ++t) {
                     find_outputs(shape, first + t, to, outside.data(), pixels);
                     winograd::transform_output(shape.doubled, from + t * row, m.size(1) * row,
                                                added, pixels, shape.out);
                   }
                 });
}

template <typename Number>
at::Tensor forward_of(const Shape& shape, const at::Tensor& x, const at::Tensor& u,
                      const at::Tensor& bias) {
  at::Tensor y = at::empty({shape.images, shape.out, shape.out_height(), shape.out_width()},
                           x.options(), at::MemoryFormat::ChannelsLast);
  share_images(shape, [&](int64_t, int64_t first, int64_t images) {
    compute_outputs<Number>(with_images(shape, images), x.narrow(0, first, images), u, bias,
                            y.narrow(0, first, images));
  });
  return y;
}

// Adds the gradients of tiles to those of the pixels that they read.
template <typename Number>
void add_input_gradients(const Shape& shape, const at::Tensor& dv, int64_t first, int64_t count,
                         const at::Tensor& dx) {
  const auto* from = dv.const_data_ptr<Number>();
  auto* to = dx.mutable_data_ptr<Number>();
  const int64_t row = shape.in_row();
  std::vector<Number> tile(static_cast<size_t>(kPositions * shape.in));
  std::vector<Number> outside(static_cast<size_t>(shape.in));
  Inputs<Number> pixels{};
  for (int64_t t = 0; t < count; ++t) {
    winograd::transform_input_back(shape.doubled, from + t * row, dv.size(1) * row, tile.data(),
                                   shape.in);
    find_inputs(shape, first + t, to, outside.data(), pixels);
    for (int64_t p = 0; p < shape.positions(); ++p) {
      if (pixels[p] != outside.data())
        winograd::add_row(tile.data() + p * shape.in, pixels[p], shape.in);
    }
  }
}

// Adds to `dx`, and writes the gradient of the transformed weight into `du`; either may be
// undefined. `back` is the transposed weight.
template <typename Number>
void compute_gradients(const Shape& shape, const at::Tensor& dy, const at::Tensor& x,
                       const at::Tensor& back, const at::Tensor& dx, at::Tensor& du) {
  const auto* given = dy.const_data_ptr<Number>();
  const std::vector<Number> zeros(static_cast<size_t>(shape.out));
  Outputs<const Number> pixels{};
  for_each_block(shape, x.options(),
                 [&](int64_t first, int64_t count, at::Tensor& v, at::Tensor& dm) {
                   auto* to = dm.mutable_data_ptr<Number>();
                   const int64_t row = shape.out_row();
                   for (int64_t t = 0; t < count; ++t) {
                     find_outputs(shape, first + t, given, zeros.data(), pixels);
                     winograd::transform_output_back(shape.doubled, pixels, to + t * row,
                                                     dm.size(1) * row, shape.out);
                   }
                   if (du.defined()) {
                     transform_inputs<Number>(shape, x, first, count, v);
                     add_weight_gradients<Number>(shape, dm, v, count, first == 0, du);
                   }
                   if (dx.defined()) {
                     multiply_by_weight<Number>(shape, dm, back, v);
                     add_input_gradients<Number>(shape, v, first, count, dx);
                   }
                 });
}

struct Gradients {
  at::Tensor x, weight;
};

template <typename Number>
Gradients backward_of(const Shape& shape, const at::Tensor& dy, const at::Tensor& x,
                      const at::Tensor& u, bool needs_x, bool needs_weight) {
  Gradients gradients;
  at::Tensor back;
  if (needs_x) {
    gradients.x = at::empty(x.sizes(), x.options(), at::MemoryFormat::ChannelsLast).zero_();
    back = winograd::transposed(shape, u);
  }
  std::vector<at::Tensor> of_threads(static_cast<size_t>(at::get_num_threads()));
  share_images(shape, [&](int64_t thread, int64_t first, int64_t images) {
    const auto part = [&](const at::Tensor& batch) {
      return batch.defined() ? batch.narrow(0, first, images) : batch;
    };
    at::Tensor& du = of_threads[thread];
    if (needs_weight)
      du = at::empty({shape.positions(), shape.out_row(), shape.in_row()}, x.options());
    compute_gradients<Number>(with_images(shape, images), part(dy), part(x), back,
                              part(gradients.x), du);
  });
  if (needs_weight) {
    at::Tensor& sum = of_threads.front();
    for (size_t i = 1; i < of_threads.size(); ++i) {
      if (of_threads[i].defined()) sum.add_(of_threads[i]);
    }
    gradients.weight = winograd::weight_gradient(shape, sum);
  }
  return gradients;
}

class WinogradConv : public autograd::Function<WinogradConv> {
 public:
  static at::Tensor forward(autograd::AutogradContext* context, const at::Tensor& input,
                            const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                            Border border, bool doubled) {
    const at::Tensor x = input.contiguous(at::MemoryFormat::ChannelsLast);
    const Shape shape{x.size(0), x.size(1), weight.size(0), x.size(2), x.size(3), border, doubled};
    context->saved_data["border"] = static_cast<int64_t>(border);
    context->saved_data["doubled"] = doubled;
    context->saved_data["has_bias"] = bias.has_value();
    const at::Tensor u = winograd::transformed_weight(shape, weight);
    at::Tensor y;
    AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "winograd_conv", [&] {
      y = forward_of<scalar_t>(shape, x, u, bias.value_or(at::Tensor()));
    });
    context->save_for_backward({x, u});
    context->saved_data["out"] = weight.size(0);
    return y;
  }

  static autograd::variable_list backward(autograd::AutogradContext* context,
                                          const autograd::variable_list& gradients) {
    const autograd::variable_list saved = context->get_saved_variables();
    const at::Tensor& x = saved[0];
    const at::Tensor& u = saved[1];
    const Shape shape{x.size(0),
                      x.size(1),
                      context->saved_data["out"].toInt(),
                      x.size(2),
                      x.size(3),
                      static_cast<Border>(context->saved_data["border"].toInt()),
                      context->saved_data["doubled"].toBool()};
    const at::Tensor dy = gradients[0].contiguous(at::MemoryFormat::ChannelsLast);
    Gradients of;
    AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "winograd_conv", [&] {
      of = backward_of<scalar_t>(shape, dy, x, u, context->needs_input_grad(0),
                                 context->needs_input_grad(1));
    });
    at::Tensor of_bias;
    if (context->saved_data["has_bias"].toBool() && context->needs_input_grad(2))
      of_bias = dy.sum({0, 2, 3});
    return {of.x, of.weight, of_bias, at::Tensor(), at::Tensor()};
  }
};

// With few channels the transforms take longer than the products that they save. In bfloat16 they
// compute in float32, which is faster than oneDNN's bfloat16 unless the processor has AMX.
bool pays(const at::Tensor& x, const at::Tensor& weight) {
  constexpr int64_t kFew = 8;
  static const bool has_amx = cpu_has_amx();
  if (!x.is_cpu() || (x.scalar_type() == at::kBFloat16 && has_amx)) return false;
  return weight.size(0) >= kFew && weight.size(1) >= kFew;
}

at::Tensor winograd_conv(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                         Border border, bool doubled) {
  const auto type = x.scalar_type();
  const auto inside = type == at::kBFloat16 ? at::kFloat : type;
  return WinogradConv::apply(x.to(inside), weight.to(inside),
                             bias.defined() ? std::optional(bias.to(inside)) : std::nullopt, border,
                             doubled)
      .to(type);
}

}  // namespace

at::Tensor conv3x3(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                   Border border) {
  if (pays(x, weight)) return winograd_conv(x, weight, bias, border, false);
  if (border == Border::kReflect) return typed_conv2d(reflection_pad(x, 1), weight, bias);
  return typed_conv2d(x, weight, bias, 1, 1);
}

at::Tensor doubled_conv3x3(const at::Tensor& x, const at::Tensor& weight) {
  if (pays(x, weight)) return winograd_conv(x, weight, {}, Border::kZero, true);
  const at::Tensor doubled = at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)});
  return typed_conv2d(doubled, weight, {}, 1, 1);
}

}  // namespace scgan
