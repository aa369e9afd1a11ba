#include "core/base/counter_rng.h"

#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

namespace scgan {

std::array<uint32_t, 4> CounterRng::block(uint32_t step, uint32_t sample, uint32_t lane,
                                          uint32_t extra) const noexcept {
  std::array<uint32_t, 4> c{step, sample, lane, extra};
  std::array<uint32_t, 2> k = key_;
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53U} * c[0];
    const uint64_t p1 = uint64_t{0xCD9E8D57U} * c[2];
    c = {static_cast<uint32_t>(p1 >> 32) ^ c[1] ^ k[0], static_cast<uint32_t>(p1),
         static_cast<uint32_t>(p0 >> 32) ^ c[3] ^ k[1], static_cast<uint32_t>(p0)};
    k[0] += 0x9E3779B9U;
    k[1] += 0xBB67AE85U;
  }
  return c;
}

double CounterRng::uniform(uint32_t step, uint32_t sample, uint32_t lane) const noexcept {
  return block(step, sample, lane)[0] * 0x1p-32;
}

uint32_t CounterRng::index(uint32_t count, uint32_t step, uint32_t sample,
                           uint32_t lane) const noexcept {
  return static_cast<uint32_t>((uint64_t{block(step, sample, lane)[1]} * count) >> 32);
}

double CounterRng::normal(uint32_t step, uint32_t sample, uint32_t lane) const noexcept {
  const auto words = block(step, sample, lane);
  const double radius = std::sqrt(-2.0 * std::log((words[0] + 1.0) * 0x1p-32));
  return radius * std::cos(2.0 * std::numbers::pi * words[1] * 0x1p-32);
}

std::vector<uint32_t> CounterRng::permutation(uint32_t count, uint32_t step) const {
  std::vector<uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0U);
  for (uint32_t left = count; left > 1; --left) {
    std::swap(order[left - 1], order[index(left, step, left)]);
  }
  return order;
}

}  // namespace scgan
