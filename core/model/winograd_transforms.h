// The transforms of Winograd's F(2 x 2, 3 x 3), for one tile and all its channels (Lavin and Gray,
// CVPR 2016, whose matrices are A, B and G). winograd_conv.cc puts them together.
#pragma once

#include <array>
#include <cstdint>

namespace scgan::winograd {

// The most positions of a transformed tile; a position is one product per pair of channels.
inline constexpr int64_t kPositions = 16;

// The channels of the pixels of a tile, row by row: 4 x 4 inputs (3 x 3 of a doubled image) and
// 2 x 2 outputs.
template <typename Number>
using Inputs = std::array<Number*, kPositions>;
template <typename Number>
using Outputs = std::array<Number*, 4>;

// Of a doubled image, neighbours are equal, so that one of the four rows, and columns, of a
// transformed tile is 0 and not stored: it has 3 x 3 positions instead of 4 x 4.
//
// transform_input computes v = B^T d B, transform_output y = A^T m A + bias, transform_weight
// u = G w G^T; the functions whose names end in _back are their adjoints, for gradients. Position p
// of v, m and u is `stride` elements behind position p - 1; `d` of transform_input_back has a row
// of `channels` elements per pixel, and `w` one per element of the 3 x 3 kernel. add_row adds.
void transform_input(bool doubled, const Inputs<const float>& d, float* v, int64_t stride,
                     int64_t channels);
void transform_input_back(bool doubled, const float* v, int64_t stride, float* d, int64_t channels);
void transform_output(bool doubled, const float* m, int64_t stride, const float* bias,
                      const Outputs<float>& y, int64_t channels);
void transform_output_back(bool doubled, const Outputs<const float>& dy, float* m, int64_t stride,
                           int64_t channels);
void transform_weight(bool doubled, const float* w, float* u, int64_t stride, int64_t channels);
void transform_weight_back(bool doubled, const float* u, int64_t stride, float* w,
                           int64_t channels);
void add_row(const float* from, float* to, int64_t channels);

void transform_input(bool doubled, const Inputs<const double>& d, double* v, int64_t stride,
                     int64_t channels);
void transform_input_back(bool doubled, const double* v, int64_t stride, double* d,
                          int64_t channels);
void transform_output(bool doubled, const double* m, int64_t stride, const double* bias,
                      const Outputs<double>& y, int64_t channels);
void transform_output_back(bool doubled, const Outputs<const double>& dy, double* m, int64_t stride,
                           int64_t channels);
void transform_weight(bool doubled, const double* w, double* u, int64_t stride, int64_t channels);
void transform_weight_back(bool doubled, const double* u, int64_t stride, double* w,
                           int64_t channels);
void add_row(const double* from, double* to, int64_t channels);

}  // namespace scgan::winograd
