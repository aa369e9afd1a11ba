// CounterRng::fill_normal. The build gives this file the flags with which the compiler makes vector
// instructions of the loop in approximate().
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <numbers>

#include "core/base/counter_rng.h"
#include "core/base/vectorized.h"

namespace scgan {
namespace {

constexpr size_t kBlock = 256;
// The approximation is within 1e-14 of CounterRng::normal: its series end where the next term is
// below 1e-16, and the largest normal is 6.7.
constexpr double kError = 1e-12;

// The polynomial with the coefficients c, highest power first, at x.
template <size_t N>
inline double polynomial(const double (&c)[N], double x) {
  double value = c[0];
#pragma GCC unroll 16
  for (size_t i = 1; i < N; ++i) value = value * x + c[i];
  return value;
}

// log(u / 2^32), u from 1 to 2^32: u = m 2^e with m from 1/sqrt(2) to sqrt(2), log m = 2 atanh s.
inline double log_fraction(double u) {
  constexpr int64_t kRootOfHalf = 0x3fe6a09e667f3bcd;
  constexpr double kAtanh[] = {2.0 / 23, 2.0 / 21, 2.0 / 19, 2.0 / 17, 2.0 / 15, 2.0 / 13,
                               2.0 / 11, 2.0 / 9,  2.0 / 7,  2.0 / 5,  2.0 / 3,  2.0};
  const auto bits = std::bit_cast<int64_t>(u);
  const int64_t exponent = (bits - kRootOfHalf) >> 52;
  const auto m = std::bit_cast<double>(bits - (exponent << 52));
  const double s = (m - 1) / (m + 1);
  // Vector instructions before AVX-512 convert no 64-bit integers: adds it to a double's last bits.
  const double e = std::bit_cast<double>(0x4338000000000000 + exponent) - 0x1.8p52;
  return s * polynomial(kAtanh, s * s) + (e - 32) * std::numbers::ln2;
}

// cos(2 pi x / 2^32): a quadrant, and an angle from -pi/4 to pi/4.
inline double cosine(uint32_t x) {
  constexpr double kCos[] = {1.0 / 20922789888000,
                             -1.0 / 87178291200,
                             1.0 / 479001600,
                             -1.0 / 3628800,
                             1.0 / 40320,
                             -1.0 / 720,
                             1.0 / 24,
                             -1.0 / 2,
                             1};
  constexpr double kSin[] = {-1.0 / 1307674368000, 1.0 / 6227020800, -1.0 / 39916800, 1.0 / 362880,
                             -1.0 / 5040,          1.0 / 120,        -1.0 / 6,        1};
  const uint32_t quadrant = (x + 0x20000000) >> 30;
  const double angle = static_cast<int32_t>(x - (quadrant << 30)) * (std::numbers::pi * 0x1p-31);
  const double square = angle * angle;
  const double sine = angle * polynomial(kSin, square);
  const double value = (quadrant & 1) == 0 ? polynomial(kCos, square) : sine;
  return quadrant == 1 || quadrant == 2 ? -value : value;
}

// The floats mean + deviation * x for both ends of the error of x = CounterRng::normal(step,
// first), (step, first + 1), ....
struct Ends {
  std::array<float, kBlock> low, high;
};

SCGAN_VECTORIZED void approximate(std::array<uint32_t, 2> key, uint32_t step, uint32_t first,
                                  double mean, double deviation, Ends& ends) {
  for (size_t i = 0; i < kBlock; ++i) {
    uint32_t c0 = step, c1 = first + static_cast<uint32_t>(i), c2 = 0, c3 = 0;
    uint32_t k0 = key[0], k1 = key[1];
#pragma GCC unroll 10
    for (int round = 0; round < 10; ++round) {  // as in CounterRng::block
      const uint64_t p0 = uint64_t{0xD2511F53U} * c0;
      const uint64_t p1 = uint64_t{0xCD9E8D57U} * c2;
      c0 = static_cast<uint32_t>(p1 >> 32) ^ c1 ^ k0;
      c1 = static_cast<uint32_t>(p1);
      c2 = static_cast<uint32_t>(p0 >> 32) ^ c3 ^ k1;
      c3 = static_cast<uint32_t>(p0);
      k0 += 0x9E3779B9U;
      k1 += 0xBB67AE85U;
    }
    const double normal = std::sqrt(-2 * log_fraction(c0 + 1.0)) * cosine(c1);
    ends.low[i] = static_cast<float>(mean + deviation * (normal - kError));
    ends.high[i] = static_cast<float>(mean + deviation * (normal + kError));
  }
}

}  // namespace

// Where both ends of the error round to the same float, the exact value does, too.
void CounterRng::fill_normal(uint32_t step, uint32_t first, double mean, double deviation,
                             std::span<float> out) const {
  Ends ends;
  for (size_t begin = 0; begin < out.size(); begin += kBlock) {
    const uint32_t sample = first + static_cast<uint32_t>(begin);
    approximate(key_, step, sample, mean, deviation, ends);
    const size_t count = std::min(kBlock, out.size() - begin);
    std::copy_n(ends.low.begin(), count, out.begin() + static_cast<std::ptrdiff_t>(begin));
    if (ends.low == ends.high) continue;
    for (size_t i = 0; i < count; ++i) {
      if (ends.low[i] == ends.high[i]) continue;
      const double exact = normal(step, sample + static_cast<uint32_t>(i));
      out[begin + i] = static_cast<float>(mean + deviation * exact);
    }
  }
}

}  // namespace scgan
