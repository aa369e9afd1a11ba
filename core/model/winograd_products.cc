#include "core/model/winograd_products.h"

#include <cstring>

#include "core/base/vectorized.h"

namespace scgan::winograd {
namespace {

// A row of a panel, and halves of it. A vector that is longer than a register of the processor
// would be kept in memory.
typedef float FloatRow __attribute__((vector_size(kColumns * sizeof(float))));
typedef float HalfFloatRow __attribute__((vector_size(kColumns / 2 * sizeof(float))));
typedef double HalfDoubleRow __attribute__((vector_size(kColumns / 2 * sizeof(double))));

template <typename Row, typename Number>
inline __attribute__((always_inline)) void load(Row& row, const Number* from) {
  std::memcpy(&row, from, sizeof(row));
}

// A tile of c: `rows` x (panels * kColumns) elements, whose sums stay in registers.
template <int rows, int panels, typename Row, typename Number>
inline __attribute__((always_inline)) void multiply_tile(const LeftMatrix<Number>& a,
                                                         const RightMatrix<Number>& b,
                                                         int64_t inner, Number* c, int64_t c_row,
                                                         bool add) {
  constexpr int kLanes = sizeof(Row) / sizeof(Number);
  constexpr int kParts = kColumns / kLanes;
  Row sums[rows][panels * kParts] = {};
  const Number* left = a.at;
  const Number* right = b.at;
  for (int64_t k = 0; k < inner; ++k, left += a.column, right += b.row) {
    Row of_b[panels * kParts];
#pragma GCC unroll 4
    for (int p = 0; p < panels * kParts; ++p)
      load(of_b[p], right + p / kParts * b.panel + p % kParts * kLanes);
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r) {
      const Number factor = left[r * a.row];
#pragma GCC unroll 4
      for (int p = 0; p < panels * kParts; ++p) sums[r][p] += factor * of_b[p];
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 4
    for (int p = 0; p < panels * kParts; ++p) {
      Number* to = c + r * c_row + p * kLanes;
      if (add) {
        Row before;
        load(before, to);
        sums[r][p] += before;
      }
      std::memcpy(to, &sums[r][p], sizeof(Row));
    }
  }
}

// In tiles of `tile_rows` (a divisor of kRows) and `tile_panels`, as many as fit into registers.
template <int tile_rows, int tile_panels, typename Row, typename Number>
inline __attribute__((always_inline)) void multiply_in_tiles(const LeftMatrix<Number>& a,
                                                             const RightMatrix<Number>& b,
                                                             int64_t rows, int64_t inner,
                                                             int64_t panels, Number* c,
                                                             int64_t c_row, bool add) {
  for (int64_t p = 0; p < panels;) {
    const RightMatrix<Number> right{b.at + p * b.panel, b.row, b.panel};
    const bool whole = p + tile_panels <= panels;
    for (int64_t r = 0; r < rows; r += tile_rows) {
      const LeftMatrix<Number> left{a.at + r * a.row, a.row, a.column};
      Number* tile = c + r * c_row + p * kColumns;
      if (whole) {
        multiply_tile<tile_rows, tile_panels, Row>(left, right, inner, tile, c_row, add);
      } else {
        multiply_tile<tile_rows, 1, Row>(left, right, inner, tile, c_row, add);
      }
    }
    p += whole ? tile_panels : 1;
  }
}

template <typename Number>
inline __attribute__((always_inline)) void transpose_part(const Number* from, int64_t from_row,
                                                          int64_t rows, int64_t columns, Number* to,
                                                          int64_t to_row) {
  for (int64_t c = 0; c < columns; ++c) {
    for (int64_t r = 0; r < kColumns; ++r)
      to[c * to_row + r] = r < rows ? from[r * from_row + c] : Number{0};
  }
}

// Exchanges, for each bit of a row's number, the lanes of two rows that differ in it.
template <int bit, typename Row>
inline __attribute__((always_inline)) void exchange_lanes(Row (&block)[kColumns]) {
  typedef int32_t Lanes __attribute__((vector_size(kColumns * sizeof(int32_t))));
  Lanes low;
  Lanes high;
#pragma GCC unroll 16
  for (int lane = 0; lane < kColumns; ++lane) {
    low[lane] = (lane & bit) == 0 ? lane : static_cast<int>(kColumns) + lane - bit;
    high[lane] = (lane & bit) == 0 ? lane + bit : static_cast<int>(kColumns) + lane;
  }
#pragma GCC unroll 16
  for (int i = 0; i < kColumns; ++i) {
    if ((i & bit) != 0) continue;
    const Row first = block[i];
    const Row second = block[i + bit];
    block[i] = __builtin_shuffle(first, second, low);
    block[i + bit] = __builtin_shuffle(first, second, high);
  }
}

inline __attribute__((always_inline)) void transpose_whole(const float* from, int64_t from_row,
                                                           float* to, int64_t to_row) {
  FloatRow block[kColumns];
#pragma GCC unroll 16
  for (int64_t r = 0; r < kColumns; ++r) load(block[r], from + r * from_row);
  exchange_lanes<1>(block);
  exchange_lanes<2>(block);
  exchange_lanes<4>(block);
  exchange_lanes<8>(block);
#pragma GCC unroll 16
  for (int64_t r = 0; r < kColumns; ++r) std::memcpy(to + r * to_row, &block[r], sizeof(FloatRow));
}

bool has_wide_registers() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512f") != 0;
#else
  return false;
#endif
}
const bool kWideRegisters = has_wide_registers();

}  // namespace

SCGAN_VECTORIZED void multiply(const LeftMatrix<float>& a, const RightMatrix<float>& b,
                               int64_t rows, int64_t inner, int64_t panels, float* c, int64_t c_row,
                               bool add) {
  if (kWideRegisters) {
    multiply_in_tiles<kRows, 2, FloatRow>(a, b, rows, inner, panels, c, c_row, add);
  } else {
    multiply_in_tiles<kRows / 2, 1, HalfFloatRow>(a, b, rows, inner, panels, c, c_row, add);
  }
}

SCGAN_VECTORIZED void multiply(const LeftMatrix<double>& a, const RightMatrix<double>& b,
                               int64_t rows, int64_t inner, int64_t panels, double* c,
                               int64_t c_row, bool add) {
  multiply_in_tiles<kRows / 2, 1, HalfDoubleRow>(a, b, rows, inner, panels, c, c_row, add);
}

SCGAN_VECTORIZED void transpose(const float* from, int64_t from_row, int64_t rows, int64_t columns,
                                float* to, int64_t to_row) {
  if (rows == kColumns && columns == kColumns) {
    transpose_whole(from, from_row, to, to_row);
  } else {
    transpose_part(from, from_row, rows, columns, to, to_row);
  }
}

void transpose(const double* from, int64_t from_row, int64_t rows, int64_t columns, double* to,
               int64_t to_row) {
  transpose_part(from, from_row, rows, columns, to, to_row);
}

}  // namespace scgan::winograd
