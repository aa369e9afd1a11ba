#include "core/model/winograd_transforms.h"

#include "core/base/vectorized.h"

namespace scgan::winograd {
namespace {

#define SCGAN_INLINE inline __attribute__((always_inline))

// B^T d B.
template <typename Number>
SCGAN_INLINE void transform_input_of(const Inputs<const Number>& d, Number* v, int64_t stride,
                                     int64_t channels) {
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
SCGAN_INLINE void transform_doubled_of(const Inputs<const Number>& d, Number* v, int64_t stride,
                                       int64_t channels) {
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

// B v B^T: the adjoint of transform_input_of. `d` has 16 rows of `channels` elements.
template <typename Number>
SCGAN_INLINE void transform_input_back_of(const Number* v, int64_t stride, Number* d,
                                          int64_t channels) {
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

// A^T m A + bias. Of a doubled input, position 2 of rows and columns is 0 and not stored.
template <bool doubled, typename Number>
SCGAN_INLINE void transform_output_of(const Number* m, int64_t stride, const Number* bias,
                                      const Outputs<Number>& y, int64_t channels) {
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
SCGAN_INLINE void transform_output_back_of(const Outputs<const Number>& dy, Number* m,
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

}  // namespace

// Templates cannot be compiled for several processors, so each function is written for both types.
#define SCGAN_FOR(Number)                                                                          \
  SCGAN_VECTORIZED void transform_input(bool doubled, const Inputs<const Number>& d, Number* v,    \
                                        int64_t stride, int64_t channels) {                        \
    if (doubled) return transform_doubled_of(d, v, stride, channels);                              \
    transform_input_of(d, v, stride, channels);                                                    \
  }                                                                                                \
  SCGAN_VECTORIZED void transform_input_back(bool doubled, const Number* v, int64_t stride,        \
                                             Number* d, int64_t channels) {                        \
    if (doubled) return transform_doubled_back_of(v, stride, d, channels);                         \
    transform_input_back_of(v, stride, d, channels);                                               \
  }                                                                                                \
  SCGAN_VECTORIZED void transform_output(bool doubled, const Number* m, int64_t stride,            \
                                         const Number* bias, const Outputs<Number>& y,             \
                                         int64_t channels) {                                       \
    if (doubled) return transform_output_of<true>(m, stride, bias, y, channels);                   \
    transform_output_of<false>(m, stride, bias, y, channels);                                      \
  }                                                                                                \
  SCGAN_VECTORIZED void transform_output_back(bool doubled, const Outputs<const Number>& dy,       \
                                              Number* m, int64_t stride, int64_t channels) {       \
    if (doubled) return transform_output_back_of<true>(dy, m, stride, channels);                   \
    transform_output_back_of<false>(dy, m, stride, channels);                                      \
  }                                                                                                \
  SCGAN_VECTORIZED void transform_weight(bool doubled, const Number* w, Number* u, int64_t stride, \
                                         int64_t channels) {                                       \
    if (doubled) return transform_weight_of<true>(w, u, stride, channels);                         \
    transform_weight_of<false>(w, u, stride, channels);                                            \
  }                                                                                                \
  SCGAN_VECTORIZED void transform_weight_back(bool doubled, const Number* u, int64_t stride,       \
                                              Number* w, int64_t channels) {                       \
    if (doubled) return transform_weight_back_of<true>(u, stride, w, channels);                    \
    transform_weight_back_of<false>(u, stride, w, channels);                                       \
  }                                                                                                \
  SCGAN_VECTORIZED void add_row(const Number* from, Number* to, int64_t channels) {                \
    add_row_of(from, to, channels);                                                                \
  }
SCGAN_FOR(float)
SCGAN_FOR(double)
#undef SCGAN_FOR
#undef SCGAN_INLINE

}  // namespace scgan::winograd
