// CounterRng: counter-based random numbers. Every draw is a pure function of (seed, purpose, step,
// sample, lane), never of a rank, a thread or an earlier draw, so checkpoints need no generator
// state.
//
// The generator is Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as
// 1, 2, 3", SC 2011), which ATen also uses. Key = (seed, purpose), counter = (step, sample, lane,
// 0).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace scgan {

// What a draw is used for. The numbers are part of a run's identity and must never be changed or
// reused.
enum class Purpose : uint32_t {
  kInitWeights = 1,
  kSubset = 2,
  kShuffle = 3,
  kPairB = 4,
  kCropA = 5,
  kCropB = 6,
  kFlipA = 7,
  kFlipB = 8,
  kPoolA = 9,
  kPoolB = 10,
  kPartA = 11,
  kPartB = 12,
  kAugment = 13,  // plus AugmentSite of core/model/diff_augment.h: 13 to 18
  kSynthetic = 32,
  kKidSubsets = 33,
  kRandomConv = 34,
  kBootstrap = 35,
  kPower = 36,
};

class CounterRng {
 public:
  CounterRng(uint32_t seed, Purpose purpose) noexcept
      : CounterRng(seed, static_cast<uint32_t>(purpose)) {}
  CounterRng(uint32_t seed, uint32_t purpose) noexcept : key_{seed, purpose} {}

  // Returns the four 32-bit words at the counter (step, sample, lane, extra).
  std::array<uint32_t, 4> block(uint32_t step, uint32_t sample, uint32_t lane = 0,
                                uint32_t extra = 0) const noexcept;

  // Uniform in [0, 1), a multiple of 2^-32.
  double uniform(uint32_t step, uint32_t sample, uint32_t lane = 0) const noexcept;

  // Uniform in {0, ..., count - 1}; count > 0. The bias is below count * 2^-32.
  uint32_t index(uint32_t count, uint32_t step, uint32_t sample, uint32_t lane = 0) const noexcept;

  // Standard normal (Box-Muller in double).
  double normal(uint32_t step, uint32_t sample, uint32_t lane = 0) const noexcept;

  // out[i] = mean + deviation * normal(step, first + i) as float: the same bits, several times as
  // fast.
  void fill_normal(uint32_t step, uint32_t first, double mean, double deviation,
                   std::span<float> out) const;

  // A permutation of 0 ... count - 1 (Fisher-Yates); `step` distinguishes permutations (for
  // example, the epoch).
  std::vector<uint32_t> permutation(uint32_t count, uint32_t step) const;

 private:
  std::array<uint32_t, 2> key_;
};

}  // namespace scgan
