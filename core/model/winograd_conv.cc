#include "core/model/winograd_conv.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/baddbmm.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/upsample_nearest2d.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/model/reflection_pad.h"
#include "core/model/winograd_transforms.h"

namespace scgan {
namespace {

namespace autograd = torch::autograd;
using winograd::Inputs;
using winograd::kPositions;
using winograd::Outputs;

constexpr int64_t kKernel = 9;
// Elements of the transformed inputs and outputs of a block of tiles: they stay in the cache.
constexpr int64_t kBlockElements = int64_t{1} << 18;
constexpr int64_t kMinBlock = 64;

struct Shape {
  int64_t images, in, out;
  // Of the input.
  int64_t height, width;
  Border border;
  bool doubled;

  int64_t side() const { return doubled ? 3 : 4; }
  int64_t positions() const { return side() * side(); }
  int64_t out_height() const { return doubled ? 2 * height : height; }
  int64_t out_width() const { return doubled ? 2 * width : width; }
  int64_t tile_rows() const { return (out_height() + 1) / 2; }
  int64_t tile_columns() const { return (out_width() + 1) / 2; }
  int64_t tiles() const { return images * tile_rows() * tile_columns(); }
  struct Place {
    int64_t image, row, column;
  };
  Place place_of(int64_t tile) const {
    const int64_t row = tile / tile_columns();
    return {row / tile_rows(), row % tile_rows(), tile % tile_columns()};
  }
  // Tiles that are computed together.
  int64_t block() const {
    const int64_t fitting = kBlockElements / (positions() * (in + out));
    return std::min(std::max(fitting, kMinBlock), tiles());
  }
};

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

// [O, C, 3, 3] -> [positions, O, C].
template <typename Number>
at::Tensor transformed_weight(const Shape& shape, const at::Tensor& weight) {
  at::Tensor u = at::empty({shape.positions(), shape.out, shape.in}, weight.options());
  const auto* from = weight.const_data_ptr<Number>();
  auto* to = u.mutable_data_ptr<Number>();
  at::parallel_for(0, shape.out, 16, [&](int64_t begin, int64_t end) {
    std::vector<Number> by_element(static_cast<size_t>(kKernel * shape.in));
    for (int64_t o = begin; o < end; ++o) {
      const Number* w = from + o * shape.in * kKernel;
      for (int64_t c = 0; c < shape.in; ++c) {
        for (int64_t k = 0; k < kKernel; ++k) by_element[k * shape.in + c] = w[c * kKernel + k];
      }
      winograd::transform_weight(shape.doubled, by_element.data(), to + o * shape.in,
                                 shape.out * shape.in, shape.in);
    }
  });
  return u;
}

// [positions, O, C] -> [O, C, 3, 3].
template <typename Number>
at::Tensor weight_gradient(const Shape& shape, const at::Tensor& u) {
  at::Tensor gradient = at::empty({shape.out, shape.in, 3, 3}, u.options());
  const auto* from = u.const_data_ptr<Number>();
  auto* to = gradient.mutable_data_ptr<Number>();
  at::parallel_for(0, shape.out, 16, [&](int64_t begin, int64_t end) {
    std::vector<Number> by_element(static_cast<size_t>(kKernel * shape.in));
    for (int64_t o = begin; o < end; ++o) {
      winograd::transform_weight_back(shape.doubled, from + o * shape.in, shape.out * shape.in,
                                      by_element.data(), shape.in);
      Number* w = to + o * shape.in * kKernel;
      for (int64_t c = 0; c < shape.in; ++c) {
        for (int64_t k = 0; k < kKernel; ++k) w[c * kKernel + k] = by_element[k * shape.in + c];
      }
    }
  });
  return gradient;
}

// The transformed inputs [positions, count, C] of the tiles from `first` on.
template <typename Number>
void transform_inputs(const Shape& shape, const at::Tensor& x, int64_t first, int64_t count,
                      const at::Tensor& v) {
  const auto* from = x.const_data_ptr<Number>();
  auto* to = v.mutable_data_ptr<Number>();
  const std::vector<Number> zeros(static_cast<size_t>(shape.in));
  at::parallel_for(0, count, 16, [&](int64_t begin, int64_t end) {
    Inputs<const Number> pixels{};
    for (int64_t t = begin; t < end; ++t) {
      find_inputs(shape, first + t, from, zeros.data(), pixels);
      winograd::transform_input(shape.doubled, pixels, to + t * shape.in, count * shape.in,
                                shape.in);
    }
  });
}

// Calls work(first, count, v, m) for all blocks of tiles: for `count` tiles from `first` on, `v`
// [positions, count, C] and `m` [positions, count, O] hold transformed inputs and outputs.
template <typename Work>
void for_each_block(const Shape& shape, const at::TensorOptions& options, const Work& work) {
  at::Tensor v;
  at::Tensor m;
  for (int64_t first = 0; first < shape.tiles(); first += shape.block()) {
    const int64_t count = std::min(shape.block(), shape.tiles() - first);
    if (!v.defined() || v.size(1) != count) {
      v = at::empty({shape.positions(), count, shape.in}, options);
      m = at::empty({shape.positions(), count, shape.out}, options);
    }
    work(first, count, v, m);
  }
}

// `u` is the transformed weight.
template <typename Number>
at::Tensor forward_of(const Shape& shape, const at::Tensor& x, const at::Tensor& u,
                      const at::Tensor& bias) {
  at::Tensor y = at::empty({shape.images, shape.out, shape.out_height(), shape.out_width()},
                           x.options(), at::MemoryFormat::ChannelsLast);
  const std::vector<Number> zeros(static_cast<size_t>(shape.out));
  const Number* added = bias.defined() ? bias.const_data_ptr<Number>() : zeros.data();
  auto* to = y.mutable_data_ptr<Number>();
  for_each_block(shape, x.options(),
                 [&](int64_t first, int64_t count, at::Tensor& v, at::Tensor& m) {
                   transform_inputs<Number>(shape, x, first, count, v);
                   at::bmm_out(m, v, u.transpose(1, 2));
                   const auto* from = m.const_data_ptr<Number>();
                   at::parallel_for(0, count, 16, [&](int64_t begin, int64_t end) {
                     Outputs<Number> pixels{};
                     std::vector<Number> outside(static_cast<size_t>(shape.out));
                     for (int64_t t = begin; t < end; ++t) {
                       find_outputs(shape, first + t, to, outside.data(), pixels);
                       winograd::transform_output(shape.doubled, from + t * shape.out,
                                                  count * shape.out, added, pixels, shape.out);
                     }
                   });
                 });
  return y;
}

struct Gradients {
  at::Tensor x, weight;
};

// Adds the gradients of tiles to those of the pixels that they read.
template <typename Number>
void add_input_gradients(const Shape& shape, const at::Tensor& dv, int64_t first, int64_t count,
                         const at::Tensor& dx) {
  const auto* from = dv.const_data_ptr<Number>();
  auto* to = dx.mutable_data_ptr<Number>();
  std::vector<Number> tile(static_cast<size_t>(kPositions * shape.in));
  std::vector<Number> outside(static_cast<size_t>(shape.in));
  Inputs<Number> pixels{};
  for (int64_t t = 0; t < count; ++t) {
    winograd::transform_input_back(shape.doubled, from + t * shape.in, count * shape.in,
                                   tile.data(), shape.in);
    find_inputs(shape, first + t, to, outside.data(), pixels);
    for (int64_t p = 0; p < shape.positions(); ++p) {
      if (pixels[p] != outside.data())
        winograd::add_row(tile.data() + p * shape.in, pixels[p], shape.in);
    }
  }
}

template <typename Number>
Gradients backward_of(const Shape& shape, const at::Tensor& dy, const at::Tensor& x,
                      const at::Tensor& u, bool needs_x, bool needs_weight) {
  Gradients gradients;
  if (needs_x) {
    gradients.x = at::empty(x.sizes(), x.options(), at::MemoryFormat::ChannelsLast).zero_();
  }
  at::Tensor du;
  if (needs_weight) du = at::empty_like(u);
  const auto* given = dy.const_data_ptr<Number>();
  const std::vector<Number> zeros(static_cast<size_t>(shape.out));
  for_each_block(shape, x.options(),
                 [&](int64_t first, int64_t count, at::Tensor& v, at::Tensor& dm) {
                   auto* to = dm.mutable_data_ptr<Number>();
                   at::parallel_for(0, count, 16, [&](int64_t begin, int64_t end) {
                     Outputs<const Number> pixels{};
                     for (int64_t t = begin; t < end; ++t) {
                       find_outputs(shape, first + t, given, zeros.data(), pixels);
                       winograd::transform_output_back(shape.doubled, pixels, to + t * shape.out,
                                                       count * shape.out, shape.out);
                     }
                   });
                   if (needs_weight) {
                     transform_inputs<Number>(shape, x, first, count, v);
                     du.baddbmm_(dm.transpose(1, 2), v, /*beta=*/first == 0 ? 0 : 1);
                   }
                   if (needs_x) {
                     at::bmm_out(v, dm, u);
                     add_input_gradients<Number>(shape, v, first, count, gradients.x);
                   }
                 });
  if (needs_weight) gradients.weight = weight_gradient<Number>(shape, du);
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
    at::Tensor u;
    at::Tensor y;
    AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "winograd_conv", [&] {
      u = transformed_weight<scalar_t>(shape, weight.contiguous());
      y = forward_of<scalar_t>(shape, x, u, bias.value_or(at::Tensor()));
    });
    context->save_for_backward({x, u});
    return y;
  }

  static autograd::variable_list backward(autograd::AutogradContext* context,
                                          const autograd::variable_list& gradients) {
    const autograd::variable_list saved = context->get_saved_variables();
    const at::Tensor& x = saved[0];
    const at::Tensor& u = saved[1];
    const Shape shape{x.size(0),
                      x.size(1),
                      u.size(1),
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

// With few channels the transforms take longer than the products that they save.
bool pays(const at::Tensor& x, const at::Tensor& weight) {
  constexpr int64_t kFew = 8;
  return x.is_cpu() && x.scalar_type() != at::kBFloat16 && weight.size(0) >= kFew &&
         weight.size(1) >= kFew;
}

}  // namespace

at::Tensor conv3x3(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                   Border border) {
  if (pays(x, weight)) {
    return WinogradConv::apply(x, weight, bias.defined() ? std::optional(bias) : std::nullopt,
                               border, false);
  }
  if (border == Border::kReflect) return at::conv2d(reflection_pad(x, 1), weight, bias);
  return at::conv2d(x, weight, bias, 1, 1);
}

at::Tensor doubled_conv3x3(const at::Tensor& x, const at::Tensor& weight) {
  if (pays(x, weight)) return WinogradConv::apply(x, weight, std::nullopt, Border::kZero, true);
  const at::Tensor doubled = at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)});
  return at::conv2d(doubled, weight, {}, 1, 1);
}

}  // namespace scgan
