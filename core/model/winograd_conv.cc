#include "core/model/winograd_conv.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
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

// Calls multiply(position, first panel, panels) for all positions and panels of a product, a few
// panels at a time.
template <typename Multiply>
void for_each_panel(const Shape& shape, int64_t columns, const Multiply& multiply) {
  constexpr int64_t kPanels = 2;
  const int64_t panels = columns / kColumns;
  const int64_t parts = (panels + kPanels - 1) / kPanels;
  at::parallel_for(0, shape.positions() * parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t first = i % parts * kPanels;
      multiply(i / parts, first, std::min(kPanels, panels - first));
    }
  });
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
  for_each_panel(shape, to_row, [&](int64_t position, int64_t panel, int64_t panels) {
    winograd::multiply(LeftMatrix<Number>{left + position * tiles * from_row, from_row, 1},
                       RightMatrix<Number>{right + (position * to_row + panel * kColumns) * inner,
                                           kColumns, inner * kColumns},
                       tiles, inner, panels, result + position * tiles * to_row + panel * kColumns,
                       to_row, false);
  });
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
  for_each_panel(shape, in, [&](int64_t position, int64_t panel, int64_t panels) {
    winograd::multiply(
        LeftMatrix<Number>{left + position * tiles * out, 1, out},
        RightMatrix<Number>{right + position * tiles * in + panel * kColumns, in, kColumns}, out,
        count, panels, result + position * out * in + panel * kColumns, in, !first);
  });
}

// Into v [positions, tiles, in_row]: the transformed inputs of the tiles from `first` on.
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
      winograd::transform_input(shape.doubled, pixels, to + t * shape.in_row(),
                                v.size(1) * shape.in_row(), shape.in);
    }
  });
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

// `u` is the transformed weight, here and in backward_of().
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
                   multiply_by_weight<Number>(shape, v, u, m);
                   const auto* from = m.const_data_ptr<Number>();
                   const int64_t row = shape.out_row();
                   at::parallel_for(0, count, 16, [&](int64_t begin, int64_t end) {
                     Outputs<Number> pixels{};
                     std::vector<Number> outside(static_cast<size_t>(shape.out));
                     for (int64_t t = begin; t < end; ++t) {
                       find_outputs(shape, first + t, to, outside.data(), pixels);
                       winograd::transform_output(shape.doubled, from + t * row, m.size(1) * row,
                                                  added, pixels, shape.out);
                     }
                   });
                 });
  return y;
}

struct Gradients {
  at::Tensor x, weight;
};

// Adds the gradients of tiles to those of the pixels that they read. Tiles of one image share
// pixels, so threads take different images and, if these are fewer, different channels.
template <typename Number>
void add_input_gradients(const Shape& shape, const at::Tensor& dv, int64_t first, int64_t count,
                         const at::Tensor& dx) {
  const auto* from = dv.const_data_ptr<Number>();
  auto* to = dx.mutable_data_ptr<Number>();
  const int64_t row = shape.in_row();
  const int64_t stride = dv.size(1) * row;
  const int64_t tiles_of_image = shape.tile_rows() * shape.tile_columns();
  const int64_t first_image = first / tiles_of_image;
  const int64_t images = (first + count - 1) / tiles_of_image - first_image + 1;
  const int64_t wanted_parts = (at::get_num_threads() + images - 1) / images;
  const int64_t part = round_up_to(kColumns, (shape.in + wanted_parts - 1) / wanted_parts);
  const int64_t parts = (shape.in + part - 1) / part;
  at::parallel_for(0, images * parts, 1, [&](int64_t begin, int64_t end) {
    std::vector<Number> tile(static_cast<size_t>(kPositions * part));
    std::vector<Number> outside(static_cast<size_t>(shape.in));
    Inputs<Number> pixels{};
    for (int64_t i = begin; i < end; ++i) {
      const int64_t channel = i % parts * part;
      const int64_t channels = std::min(part, shape.in - channel);
      const int64_t image = first_image + i / parts;
      const int64_t last = std::min(first + count, (image + 1) * tiles_of_image);
      for (int64_t t = std::max(first, image * tiles_of_image); t < last; ++t) {
        winograd::transform_input_back(shape.doubled, from + (t - first) * row + channel, stride,
                                       tile.data(), channels);
        find_inputs(shape, t, to, outside.data(), pixels);
        for (int64_t p = 0; p < shape.positions(); ++p) {
          if (pixels[p] != outside.data())
            winograd::add_row(tile.data() + p * channels, pixels[p] + channel, channels);
        }
      }
    }
  });
}

template <typename Number>
Gradients backward_of(const Shape& shape, const at::Tensor& dy, const at::Tensor& x,
                      const at::Tensor& u, bool needs_x, bool needs_weight) {
  Gradients gradients;
  at::Tensor back;
  if (needs_x) {
    gradients.x = at::empty(x.sizes(), x.options(), at::MemoryFormat::ChannelsLast).zero_();
    back = winograd::transposed(shape, u);
  }
  at::Tensor du;
  if (needs_weight)
    du = at::empty({shape.positions(), shape.out_row(), shape.in_row()}, x.options());
  const auto* given = dy.const_data_ptr<Number>();
  const std::vector<Number> zeros(static_cast<size_t>(shape.out));
  for_each_block(shape, x.options(),
                 [&](int64_t first, int64_t count, at::Tensor& v, at::Tensor& dm) {
                   auto* to = dm.mutable_data_ptr<Number>();
                   const int64_t row = shape.out_row();
                   at::parallel_for(0, count, 16, [&](int64_t begin, int64_t end) {
                     Outputs<const Number> pixels{};
                     for (int64_t t = begin; t < end; ++t) {
                       find_outputs(shape, first + t, given, zeros.data(), pixels);
                       winograd::transform_output_back(shape.doubled, pixels, to + t * row,
                                                       dm.size(1) * row, shape.out);
                     }
                   });
                   if (needs_weight) {
                     transform_inputs<Number>(shape, x, first, count, v);
                     add_weight_gradients<Number>(shape, dm, v, count, first == 0, du);
                   }
                   if (needs_x) {
                     multiply_by_weight<Number>(shape, dm, back, v);
                     add_input_gradients<Number>(shape, v, first, count, gradients.x);
                   }
                 });
  if (needs_weight) gradients.weight = winograd::weight_gradient(shape, du);
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
