// CounterRng::fill_normal. The build gives this file the flags with which the compiler makes vector
// instructions of the loop in approximate().
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <numbers>

#include "core/base/counter_rng.h"
#include "core/base/vectorized.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace scgan {
namespace {

constexpr size_t kBlock = 256;
// The approximation is within 4e-13 of CounterRng::normal: the sine's series leaves out 5e-14, the
// logarithm's less, and the largest normal is 6.7.
constexpr double kError = 1e-12;

// Words 0 and 1 of CounterRng::block for kBlock samples.
struct Words {
  std::array<uint32_t, kBlock> first, second;
};

// What approximate() finds for each sample: the floats mean + deviation * x for both ends of the
// error of x = CounterRng::normal.
struct Ends {
  std::array<float, kBlock> low, high;
};

struct PhiloxKeys {
  std::array<int64_t, 10> k0, k1;  // of each round, in the lower half of a lane
};

PhiloxKeys keys_of(std::array<uint32_t, 2> key) {
  PhiloxKeys keys;
  for (size_t round = 0; round < 10; ++round) {
    keys.k0[round] = key[0];
    keys.k1[round] = key[1];
    key = {key[0] + 0x9E3779B9U, key[1] + 0xBB67AE85U};
  }
  return keys;
}

#if defined(__x86_64__)

// Eight samples at once, each in the lower half of a lane of 64 bits. GCC multiplies such lanes by
// three instructions or more, and does not know that one is enough.
__attribute__((target("avx2"))) void find_words_avx2(const PhiloxKeys& keys, uint32_t step,
                                                     uint32_t first, Words& words) {
  const __m256i m0 = _mm256_set1_epi64x(0xD2511F53), m1 = _mm256_set1_epi64x(0xCD9E8D57);
  const __m256i lower_halves = _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6);
  for (uint32_t i = 0; i < kBlock; i += 8) {
    __m256i c0[2], c1[2], c2[2], c3[2];
    for (uint32_t half = 0; half < 2; ++half) {
      const uint32_t sample = first + i + 4 * half;
      c0[half] = _mm256_set1_epi64x(step);
      c1[half] = _mm256_setr_epi64x(sample, sample + 1, sample + 2, sample + 3);
      c2[half] = c3[half] = _mm256_setzero_si256();
    }
#pragma GCC unroll 10
    for (size_t round = 0; round < 10; ++round) {  // as in CounterRng::block
      const __m256i k0 = _mm256_set1_epi64x(keys.k0[round]);
      const __m256i k1 = _mm256_set1_epi64x(keys.k1[round]);
#pragma GCC unroll 2
      for (int half = 0; half < 2; ++half) {
        const __m256i p0 = _mm256_mul_epu32(c0[half], m0);
        const __m256i p1 = _mm256_mul_epu32(c2[half], m1);
        c0[half] = _mm256_srli_epi64(p1, 32) ^ c1[half] ^ k0;
        c1[half] = p1;
        c2[half] = _mm256_srli_epi64(p0, 32) ^ c3[half] ^ k1;
        c3[half] = p0;
      }
    }
    for (uint32_t half = 0; half < 2; ++half) {
      c0[half] = _mm256_permutevar8x32_epi32(c0[half], lower_halves);
      c1[half] = _mm256_permutevar8x32_epi32(c1[half], lower_halves);
      std::memcpy(&words.first[i + 4 * half], &c0[half], sizeof(__m128i));
      std::memcpy(&words.second[i + 4 * half], &c1[half], sizeof(__m128i));
    }
  }
}

#endif

void find_words(const CounterRng& rng, const PhiloxKeys& keys, uint32_t step, uint32_t first,
                Words& words) {
#if defined(__x86_64__)
  static const bool has_avx2 = __builtin_cpu_supports("avx2") != 0;
  if (has_avx2) return find_words_avx2(keys, step, first, words);
#endif
  for (uint32_t i = 0; i < kBlock; ++i) {
    const auto block = rng.block(step, first + i);
    words.first[i] = block[0];
    words.second[i] = block[1];
  }
}

// The polynomial with the coefficients c, highest power first, at x.
template <size_t N>
inline double polynomial(const double (&c)[N], double x) {
  double value = c[0];
#pragma GCC unroll 16
  for (size_t i = 1; i < N; ++i) value = value * x + c[i];
  return value;
}

// An integer below 2^52 as a double, by operations that all vector instructions have.
inline double to_double(uint64_t n) {
  return std::bit_cast<double>(0x4330000000000000 | n) - 0x1p52;
}

// log(u / 2^32), u from 1 to 2^32: u = m 2^e with m from 1/sqrt(2) to sqrt(2), log m = 2 atanh s.
inline double log_fraction(double u) {
  constexpr uint64_t kRootOfHalf = 0x3fe6a09e667f3bcd;
  constexpr double kAtanh[] = {2.0 / 15, 2.0 / 13, 2.0 / 11, 2.0 / 9,
                               2.0 / 7,  2.0 / 5,  2.0 / 3,  2.0};
  const auto bits = std::bit_cast<uint64_t>(u);
  const uint64_t exponent = (bits - kRootOfHalf) >> 52;
  const auto m = std::bit_cast<double>(bits - (exponent << 52));
  const double s = (m - 1) / (m + 1);
  return s * polynomial(kAtanh, s * s) + (to_double(exponent) - 32) * std::numbers::ln2;
}

// cos(2 pi x / 2^32) as the sine of an angle from -pi/2 to pi/2, or minus that sine.
inline double cosine(uint32_t x) {
  constexpr double kSine[] = {1.0 / 355687428096000,
                              -1.0 / 1307674368000,
                              1.0 / 6227020800,
                              -1.0 / 39916800,
                              1.0 / 362880,
                              -1.0 / 5040,
                              1.0 / 120,
                              -1.0 / 6,
                              1};
  constexpr uint32_t kHalfTurn = 0x80000000;
  const auto quarter_later = static_cast<int32_t>((x & ~kHalfTurn) - 0x40000000);
  const double angle = quarter_later * (std::numbers::pi * 0x1p-31);
  const double minus_cosine = angle * polynomial(kSine, angle * angle);  // of the first half turn
  const uint64_t sign = uint64_t{~x & kHalfTurn} << 32;
  return std::bit_cast<double>(std::bit_cast<uint64_t>(minus_cosine) ^ sign);
}

// Returns whether the ends of all samples are equal.
SCGAN_VECTORIZED bool approximate(const Words& words, double mean, double deviation, Ends& ends) {
  uint32_t differences = 0;
  for (size_t i = 0; i < kBlock; ++i) {
    const double radius = std::sqrt(-2 * log_fraction(to_double(words.first[i]) + 1));
    const double normal = radius * cosine(words.second[i]);
    ends.low[i] = static_cast<float>(mean + deviation * (normal - kError));
    ends.high[i] = static_cast<float>(mean + deviation * (normal + kError));
    differences |= std::bit_cast<uint32_t>(ends.low[i]) ^ std::bit_cast<uint32_t>(ends.high[i]);
  }
  return differences == 0;
}

}  // namespace

// Where both ends of the error round to the same float, the exact value does, too.
void CounterRng::fill_normal(uint32_t step, uint32_t first, double mean, double deviation,
                             std::span<float> out) const {
  const PhiloxKeys keys = keys_of(key_);
  Words words;
  Ends ends;
  for (size_t begin = 0; begin < out.size(); begin += kBlock) {
    const uint32_t sample = first + static_cast<uint32_t>(begin);
    find_words(*this, keys, step, sample, words);
    const bool equal = approximate(words, mean, deviation, ends);
    const size_t count = std::min(kBlock, out.size() - begin);
    std::copy_n(ends.low.begin(), count, out.begin() + static_cast<std::ptrdiff_t>(begin));
    for (size_t i = 0; i < count && !equal; ++i) {
      if (ends.low[i] == ends.high[i]) continue;
      const double exact = normal(step, sample + static_cast<uint32_t>(i));
      out[begin + i] = static_cast<float>(mean + deviation * exact);
    }
  }
}

}  // namespace scgan
