// The matrix products of Winograd's convolution (winograd_conv.cc): small matrices whose row
// lengths are multiples of kColumns, on one thread.
//
// LibTorch's own products (MKL) are made for large matrices, and do not use the AVX-512
// instructions of AMD's processors.
#pragma once

#include <cstdint>

namespace scgan::winograd {

// Columns of the right matrix that are kept together: a panel.
inline constexpr int64_t kColumns = 16;
// Rows that are computed together. The left matrix and the result must have room for a multiple.
inline constexpr int64_t kRows = 8;

// Element (r, k) is at[r * row + k * column].
template <typename Number>
struct LeftMatrix {
  const Number* at;
  int64_t row, column;
};

// Row k of panel p begins at[k * row + p * panel].
template <typename Number>
struct RightMatrix {
  const Number* at;
  int64_t row, panel;
};

// c = a b, or c += a b if `add`; row r of c begins at c[r * c_row]. `rows` and `panels` are those
// of c, `inner` is the number of columns of a. The sum over them is one sum in their order, so each
// element has the same bits whichever part of the product a call computes.
void multiply(const LeftMatrix<float>& a, const RightMatrix<float>& b, int64_t rows, int64_t inner,
              int64_t panels, float* c, int64_t c_row, bool add);
void multiply(const LeftMatrix<double>& a, const RightMatrix<double>& b, int64_t rows,
              int64_t inner, int64_t panels, double* c, int64_t c_row, bool add);

// to[c * to_row + r] = from[r * from_row + c] for `rows` x `columns` elements, at most kColumns of
// each; sets the other elements of the `columns` rows of kColumns elements to zero.
void transpose(const float* from, int64_t from_row, int64_t rows, int64_t columns, float* to,
               int64_t to_row);
void transpose(const double* from, int64_t from_row, int64_t rows, int64_t columns, double* to,
               int64_t to_row);

}  // namespace scgan::winograd
