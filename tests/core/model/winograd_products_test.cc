#include "core/model/winograd_products.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace scgan::winograd {
namespace {

// Small whole numbers: their sums of products are exact in any order.
template <typename Number>
std::vector<Number> whole_numbers(int64_t count, int64_t factor) {
  std::vector<Number> numbers;
  for (int64_t i = 0; i < count; ++i) numbers.push_back(static_cast<Number>(i * factor % 13 - 6));
  return numbers;
}

// The product by its definition, of the same matrices.
template <typename Number>
Number element(const LeftMatrix<Number>& a, const RightMatrix<Number>& b, int64_t inner, int64_t r,
               int64_t column) {
  Number sum = 0;
  for (int64_t k = 0; k < inner; ++k) {
    sum += a.at[r * a.row + k * a.column] *
           b.at[k * b.row + column / kColumns * b.panel + column % kColumns];
  }
  return sum;
}

template <typename Number>
class WinogradProductsTest : public testing::Test {};
using Numbers = testing::Types<float, double>;
TYPED_TEST_SUITE(WinogradProductsTest, Numbers);

TYPED_TEST(WinogradProductsTest, MultipliesPanelByPanel) {
  constexpr int64_t kInner = 5, kAllRows = 16;
  for (const int64_t panels : {1, 2, 3}) {
    const int64_t columns = panels * kColumns;
    const auto left = whole_numbers<TypeParam>(kAllRows * kInner, 7);
    const auto right = whole_numbers<TypeParam>(kInner * columns, 5);
    const LeftMatrix<TypeParam> a{left.data(), kInner, 1};
    const RightMatrix<TypeParam> b{right.data(), kColumns, kInner * kColumns};
    std::vector<TypeParam> c(static_cast<size_t>(kAllRows * columns), 100);
    multiply(a, b, kAllRows, kInner, panels, c.data(), columns, false);
    for (int64_t i = 0; i < kAllRows * columns; ++i)
      EXPECT_EQ(c[i], element(a, b, kInner, i / columns, i % columns)) << i;
  }
}

TYPED_TEST(WinogradProductsTest, AddsAProductWithATransposedMatrix) {
  constexpr int64_t kInner = 3, kColumnsOfC = 2 * kColumns;
  const auto left = whole_numbers<TypeParam>(kInner * kRows, 3);
  const auto right = whole_numbers<TypeParam>(kInner * kColumnsOfC, 11);
  const LeftMatrix<TypeParam> a{left.data(), 1, kRows};
  const RightMatrix<TypeParam> b{right.data(), kColumnsOfC, kColumns};
  std::vector<TypeParam> c(kRows * kColumnsOfC, 100);
  multiply(a, b, kRows, kInner, 2, c.data(), kColumnsOfC, true);
  for (int64_t i = 0; i < kRows * kColumnsOfC; ++i)
    EXPECT_EQ(c[i], 100 + element(a, b, kInner, i / kColumnsOfC, i % kColumnsOfC)) << i;
}

TYPED_TEST(WinogradProductsTest, TransposesAndFillsUpWithZeros) {
  constexpr int64_t kRow = 20;
  const auto from = whole_numbers<TypeParam>(kColumns * kRow, 1);
  for (const auto& [rows, columns] : {std::pair{16, 16}, {16, 9}, {5, 16}, {1, 1}}) {
    std::vector<TypeParam> to(kColumns * kRow, 100);
    transpose(from.data(), kRow, rows, columns, to.data(), kRow);
    for (int64_t c = 0; c < columns; ++c) {
      for (int64_t r = 0; r < kColumns; ++r)
        EXPECT_EQ(to[c * kRow + r], r < rows ? from[r * kRow + c] : 0) << c << ", " << r;
    }
  }
}

}  // namespace
}  // namespace scgan::winograd
