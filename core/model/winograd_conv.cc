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

#include "core/base/vectorized.h"
#include "core/model/reflection_pad.h"

namespace scgan {
namespace {

namespace autograd = torch::autograd;

// The most positions of a tile; a position is one product per pair of channels.
constexpr int64_t kPositions = 16;
constexpr int64_t kKernel = 9;
// Elements of the transformed inputs and outputs of a block of tiles: they stay in the cache.
constexpr int64_t kBlockElements = int64_t{1} << 18;
constexpr int64_t kMinBlock = 64;

// A doubled input has equal neighbours, so that one of the four rows, and columns, of a transformed
// tile is 0. Its tiles have 3 x 3 pixels and positions instead of 4 x 4.
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
                 std::array<Number*, kPositions>& pixels) {
  const int64_t column = index % shape.tile_columns();
  const int64_t row = index / shape.tile_columns() % shape.tile_rows();
  const int64_t image = index / shape.tile_columns() / shape.tile_rows();
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
                  std::array<Number*, 4>& pixels) {
  const int64_t column = index % shape.tile_columns();
  const int64_t row = index / shape.tile_columns() % shape.tile_rows();
  const int64_t image = index / shape.tile_columns() / shape.tile_rows();
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

// The transforms below work on one tile and on `channels` channels, one after the other in memory.
// Position p of a transformed tile is `stride` elements behind position p - 1.

#define SCGAN_INLINE inline __attribute__((always_inline))

// B^T d B.
template <typename Number>
SCGAN_INLINE void transform_input_of(const std::array<const Number*, kPositions>& d, Number* v,
                                     int64_t stride, int64_t channels) {
#pragma GCC ivdep
  for (int64_t c = 0; c < channels; ++c) {
    Number t[16];
    for (int j = 0; j < 4; ++j) {
      const Number d0 = d[j][c], d1 = d[4 + j][c], d2 = d[8 + j][c], d3 = d[12 + j][c];
      t[j] = d0 - d2;
      t[4 + j] = d1 + d2;
      t[8 + j] = d2 - d1;
      t[12 + j] = d1 - d3;
    }
    for (int i = 0; i < 4; ++i) {
      const Number t0 = t[4 * i], t1 = t[4 * i + 1], t2 = t[4 * i + 2], t3 = t[4 * i + 3];
      v[(4 * i) * stride + c] = t0 - t2;
      v[(4 * i + 1) * stride + c] = t1 + t2;
      v[(4 * i + 2) * stride + c] = t2 - t1;
      v[(4 * i + 3) * stride + c] = t1 - t3;
    }
  }
}

// Of a doubled input, whose rows are d0 d1 d1 d2.
template <typename Number>
SCGAN_INLINE void transform_doubled_of(const std::array<const Number*, kPositions>& d, Number* v,
                                       int64_t stride, int64_t channels) {
#pragma GCC ivdep
  for (int64_t c = 0; c < channels; ++c) {
    Number t[9];
    for (int j = 0; j < 3; ++j) {
      const Number d0 = d[j][c], d1 = d[3 + j][c], d2 = d[6 + j][c];
      t[j] = d0 - d1;
      t[3 + j] = d1 + d1;
      t[6 + j] = d1 - d2;
    }
    for (int i = 0; i < 3; ++i) {
      const Number t0 = t[3 * i], t1 = t[3 * i + 1], t2 = t[3 * i + 2];
      v[(3 * i) * stride + c] = t0 - t1;
      v[(3 * i + 1) * stride + c] = t1 + t1;
      v[(3 * i + 2) * stride + c] = t1 - t2;
    }
  }
}

// B v B^T: the adjoint of transform_input. `d` has 16 rows of `channels` elements.
template <typename Number>
SCGAN_INLINE void transform_back_of(const Number* v, int64_t stride, Number* d, int64_t channels) {
#pragma GCC ivdep
  for (int64_t c = 0; c < channels; ++c) {
    Number t[16];
    for (int j = 0; j < 4; ++j) {
      const Number v0 = v[j * stride + c], v1 = v[(4 + j) * stride + c];
      const Number v2 = v[(8 + j) * stride + c], v3 = v[(12 + j) * stride + c];
      t[j] = v0;
      t[4 + j] = v1 - v2 + v3;
      t[8 + j] = v1 + v2 - v0;
      t[12 + j] = -v3;
    }
    for (int i = 0; i < 4; ++i) {
      const Number t0 = t[4 * i], t1 = t[4 * i + 1], t2 = t[4 * i + 2], t3 = t[4 * i + 3];
      d[(4 * i) * channels + c] = t0;
      d[(4 * i + 1) * channels + c] = t1 - t2 + t3;
      d[(4 * i + 2) * channels + c] = t1 + t2 - t0;
      d[(4 * i + 3) * channels + c] = -t3;
    }
  }
}

template <typename Number>
SCGAN_INLINE void transform_doubled_back_of(const Number* v, int64_t stride, Number* d,
                                            int64_t channels) {
#pragma GCC ivdep
  for (int64_t c = 0; c < channels; ++c) {
    Number t[9];
    for (int j = 0; j < 3; ++j) {
      const Number v0 = v[j * stride + c], v1 = v[(3 + j) * stride + c];
      const Number v2 = v[(6 + j) * stride + c];
      t[j] = v0;
      t[3 + j] = v1 + v1 - v0 + v2;
      t[6 + j] = -v2;
    }
    for (int i = 0; i < 3; ++i) {
      const Number t0 = t[3 * i], t1 = t[3 * i + 1], t2 = t[3 * i + 2];
      d[(3 * i) * channels + c] = t0;
      d[(3 * i + 1) * channels + c] = t1 + t1 - t0 + t2;
      d[(3 * i + 2) * channels + c] = -t2;
    }
  }
}

// A^T m A + bias; `skips` says that position 2 of rows and columns is 0 and not stored.
template <bool doubled, typename Number>
SCGAN_INLINE void transform_output_of(const Number* m, int64_t stride, const Number* bias,
                                      const std::array<Number*, 4>& y, int64_t channels) {
  constexpr int side = doubled ? 3 : 4;
  constexpr int last = side - 1;
#pragma GCC ivdep
  for (int64_t c = 0; c < channels; ++c) {
    Number t[2][side];
    for (int j = 0; j < side; ++j) {
      const Number m0 = m[j * stride + c], m1 = m[(side + j) * stride + c];
      const Number m2 = doubled ? Number{0} : m[(2 * side + j) * stride + c];
      const Number m3 = m[(last * side + j) * stride + c];
      t[0][j] = m0 + m1 + m2;
      t[1][j] = m1 - m2 - m3;
    }
    for (int i = 0; i < 2; ++i) {
      const Number t2 = doubled ? Number{0} : t[i][2];
      y[2 * i][c] = t[i][0] + t[i][1] + t2 + bias[c];
      y[2 * i + 1][c] = t[i][1] - t2 - t[i][last] + bias[c];
    }
  }
}

// A dy A^T: the adjoint of transform_output.
template <bool doubled, typename Number>
SCGAN_INLINE void transform_output_back_of(const std::array<const Number*, 4>& dy, Number* m,
                                           int64_t stride, int64_t channels) {
  constexpr int side = doubled ? 3 : 4;
  constexpr int last = side - 1;
#pragma GCC ivdep
  for (int64_t c = 0; c < channels; ++c) {
    Number t[side][2];
    for (int j = 0; j < 2; ++j) {
      const Number y0 = dy[j][c], y1 = dy[2 + j][c];
      t[0][j] = y0;
      t[1][j] = y0 + y1;
      if (!doubled) t[2][j] = y0 - y1;
      t[last][j] = -y1;
    }
    for (int i = 0; i < side; ++i) {
      m[(side * i) * stride + c] = t[i][0];
      m[(side * i + 1) * stride + c] = t[i][0] + t[i][1];
      if (!doubled) m[(side * i + 2) * stride + c] = t[i][0] - t[i][1];
      m[(side * i + last) * stride + c] = -t[i][1];
    }
  }
}

// G w G^T of one output channel; `w` has 9 rows of `channels` elements.
template <bool doubled, typename Number>
SCGAN_INLINE void transform_weight_of(const Number* w, Number* u, int64_t stride,
                                      int64_t channels) {
  constexpr int side = doubled ? 3 : 4;
  constexpr int last = side - 1;
  constexpr auto half = Number{0.5};
#pragma GCC ivdep
  for (int64_t c = 0; c < channels; ++c) {
    Number t[side][3];
    for (int j = 0; j < 3; ++j) {
      const Number w0 = w[j * channels + c], w1 = w[(3 + j) * channels + c];
      const Number w2 = w[(6 + j) * channels + c];
      t[0][j] = w0;
      t[1][j] = half * (w0 + w2 + w1);
      if (!doubled) t[2][j] = half * (w0 + w2 - w1);
      t[last][j] = w2;
    }
    for (int i = 0; i < side; ++i) {
      u[(side * i) * stride + c] = t[i][0];
      u[(side * i + 1) * stride + c] = half * (t[i][0] + t[i][2] + t[i][1]);
      if (!doubled) u[(side * i + 2) * stride + c] = half * (t[i][0] + t[i][2] - t[i][1]);
      u[(side * i + last) * stride + c] = t[i][2];
    }
  }
}

// G^T u G: the adjoint of transform_weight.
template <bool doubled, typename Number>
SCGAN_INLINE void transform_weight_back_of(const Number* u, int64_t stride, Number* w,
                                           int64_t channels) {
  constexpr int side = doubled ? 3 : 4;
  constexpr int last = side - 1;
  constexpr auto half = Number{0.5};
#pragma GCC ivdep
  for (int64_t c = 0; c < channels; ++c) {
    Number t[3][side];
    for (int j = 0; j < side; ++j) {
      const Number u0 = u[j * stride + c], u1 = u[(side + j) * stride + c];
      const Number u2 = doubled ? Number{0} : u[(2 * side + j) * stride + c];
      const Number u3 = u[(last * side + j) * stride + c];
      t[0][j] = u0 + half * (u1 + u2);
      t[1][j] = half * (u1 - u2);
      t[2][j] = u3 + half * (u1 + u2);
    }
    for (int i = 0; i < 3; ++i) {
      const Number t2 = doubled ? Number{0} : t[i][2];
      w[(3 * i) * channels + c] = t[i][0] + half * (t[i][1] + t2);
      w[(3 * i + 1) * channels + c] = half * (t[i][1] - t2);
      w[(3 * i + 2) * channels + c] = t[i][last] + half * (t[i][1] + t2);
    }
  }
}

template <typename Number>
SCGAN_INLINE void add_row_of(const Number* from, Number* to, int64_t channels) {
#pragma GCC ivdep
  for (int64_t c = 0; c < channels; ++c) to[c] += from[c];
}

// Templates cannot be compiled for several processors, so each function is written for both types.
#define SCGAN_FOR(Number)                                                                          \
  SCGAN_VECTORIZED void transform_input(const Shape& shape,                                        \
                                        const std::array<const Number*, kPositions>& d, Number* v, \
                                        int64_t stride) {                                          \
    if (shape.doubled) return transform_doubled_of(d, v, stride, shape.in);                        \
    transform_input_of(d, v, stride, shape.in);                                                    \
  }                                                                                                \
  SCGAN_VECTORIZED void transform_back(const Shape& shape, const Number* v, int64_t stride,        \
                                       Number* d) {                                                \
    if (shape.doubled) return transform_doubled_back_of(v, stride, d, shape.in);                   \
    transform_back_of(v, stride, d, shape.in);                                                     \
  }                                                                                                \
  SCGAN_VECTORIZED void transform_output(const Shape& shape, const Number* m, int64_t stride,      \
                                         const Number* bias, const std::array<Number*, 4>& y) {    \
    if (shape.doubled) return transform_output_of<true>(m, stride, bias, y, shape.out);            \
    transform_output_of<false>(m, stride, bias, y, shape.out);                                     \
  }                                                                                                \
  SCGAN_VECTORIZED void transform_output_back(                                                     \
      const Shape& shape, const std::array<const Number*, 4>& dy, Number* m, int64_t stride) {     \
    if (shape.doubled) return transform_output_back_of<true>(dy, m, stride, shape.out);            \
    transform_output_back_of<false>(dy, m, stride, shape.out);                                     \
  }                                                                                                \
  SCGAN_VECTORIZED void transform_weight(const Shape& shape, const Number* w, Number* u,           \
                                         int64_t stride) {                                         \
    if (shape.doubled) return transform_weight_of<true>(w, u, stride, shape.in);                   \
    transform_weight_of<false>(w, u, stride, shape.in);                                            \
  }                                                                                                \
  SCGAN_VECTORIZED void transform_weight_back(const Shape& shape, const Number* u, int64_t stride, \
                                              Number* w) {                                         \
    if (shape.doubled) return transform_weight_back_of<true>(u, stride, w, shape.in);              \
    transform_weight_back_of<false>(u, stride, w, shape.in);                                       \
  }                                                                                                \
  SCGAN_VECTORIZED void add_row(const Number* from, Number* to, int64_t channels) {                \
    add_row_of(from, to, channels);                                                                \
  }
SCGAN_FOR(float)
SCGAN_FOR(double)
#undef SCGAN_FOR
#undef SCGAN_INLINE

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
      transform_weight(shape, by_element.data(), to + o * shape.in, shape.out * shape.in);
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
      transform_weight_back(shape, from + o * shape.in, shape.out * shape.in, by_element.data());
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
    std::array<const Number*, kPositions> pixels{};
    for (int64_t t = begin; t < end; ++t) {
      find_inputs(shape, first + t, from, zeros.data(), pixels);
      transform_input(shape, pixels, to + t * shape.in, count * shape.in);
    }
  });
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
  const int64_t block = shape.block();
  at::Tensor v;
  at::Tensor m;
  for (int64_t first = 0; first < shape.tiles(); first += block) {
    const int64_t count = std::min(block, shape.tiles() - first);
    if (!v.defined() || v.size(1) != count) {
      v = at::empty({shape.positions(), count, shape.in}, x.options());
      m = at::empty({shape.positions(), count, shape.out}, x.options());
    }
    transform_inputs<Number>(shape, x, first, count, v);
    at::bmm_out(m, v, u.transpose(1, 2));
    const auto* from = m.const_data_ptr<Number>();
    at::parallel_for(0, count, 16, [&](int64_t begin, int64_t end) {
      std::array<Number*, 4> pixels{};
      std::vector<Number> outside(static_cast<size_t>(shape.out));
      for (int64_t t = begin; t < end; ++t) {
        find_outputs(shape, first + t, to, outside.data(), pixels);
        transform_output(shape, from + t * shape.out, count * shape.out, added, pixels);
      }
    });
  }
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
  std::array<Number*, kPositions> pixels{};
  for (int64_t t = 0; t < count; ++t) {
    transform_back(shape, from + t * shape.in, count * shape.in, tile.data());
    find_inputs(shape, first + t, to, outside.data(), pixels);
    for (int64_t p = 0; p < shape.positions(); ++p) {
      if (pixels[p] != outside.data()) add_row(tile.data() + p * shape.in, pixels[p], shape.in);
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
  const int64_t block = shape.block();
  at::Tensor v;
  at::Tensor dm;
  for (int64_t first = 0; first < shape.tiles(); first += block) {
    const int64_t count = std::min(block, shape.tiles() - first);
    if (!v.defined() || v.size(1) != count) {
      v = at::empty({shape.positions(), count, shape.in}, x.options());
      dm = at::empty({shape.positions(), count, shape.out}, x.options());
    }
    auto* to = dm.mutable_data_ptr<Number>();
    at::parallel_for(0, count, 16, [&](int64_t begin, int64_t end) {
      std::array<const Number*, 4> pixels{};
      for (int64_t t = begin; t < end; ++t) {
        find_outputs(shape, first + t, given, zeros.data(), pixels);
        transform_output_back(shape, pixels, to + t * shape.out, count * shape.out);
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
  }
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
