#include "core/data/sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "core/base/counter_rng.h"
#include "core/base/error.h"

namespace scgan {

Sampler::Sampler(const DatasetSpec& spec, int64_t seed, int64_t count_a, int64_t count_b,
                 int64_t batch_size)
    : shuffle_(spec.shuffle),
      pairing_(spec.pairing),
      seed_(seed),
      count_a_(count_a),
      count_b_(count_b),
      batch_size_(batch_size),
      steps_per_epoch_(std::max(count_a, count_b) / batch_size) {
  if (steps_per_epoch_ == 0) {
    throw Error(ErrorKind::kInvalidSpec,
                fmt::format("{:g} % of the training images are {} of A and {} of B: less than one "
                            "batch of {}; raise the percentage or lower train.batch_size",
                            spec.percentage, count_a, count_b, batch_size));
  }
}

SampleIndices Sampler::at(int64_t step) const {
  const int64_t epoch = step / steps_per_epoch_;
  const int64_t length = std::max(count_a_, count_b_);
  if (epoch != cached_epoch_) {
    if (shuffle_) {
      order_ = CounterRng(static_cast<uint32_t>(seed_), Purpose::kShuffle)
                   .permutation(static_cast<uint32_t>(length), static_cast<uint32_t>(epoch));
    } else {
      order_.resize(static_cast<size_t>(length));
      std::iota(order_.begin(), order_.end(), 0U);
    }
    cached_epoch_ = epoch;
  }
  const CounterRng pair(static_cast<uint32_t>(seed_), Purpose::kPairB);
  const int64_t first = step % steps_per_epoch_ * batch_size_;
  SampleIndices chosen;
  for (int64_t i = 0; i < batch_size_; ++i) {
    const int64_t index = order_[static_cast<size_t>(first + i)];
    chosen.a.push_back(index % count_a_);
    chosen.b.push_back(pairing_ == Pairing::kSerial
                           ? index % count_b_
                           : pair.index(static_cast<uint32_t>(count_b_),
                                        static_cast<uint32_t>(step), static_cast<uint32_t>(i)));
  }
  return chosen;
}

}  // namespace scgan
