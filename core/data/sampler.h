// Which images make up step k: a pure function of (seed, epoch, index), as the published unaligned
// data set: epoch length max(|A|, |B|), A = order[index] mod |A|, B uniform with replacement (or
// serial).
#pragma once

#include <cstdint>
#include <vector>

#include "core/spec/run_spec.h"

namespace scgan {

struct SampleIndices {
  std::vector<int64_t> a, b;  // batch_size indices into the subsets of A and B
};

class Sampler {
 public:
  // Sizes of the subsets. Throws Error(kInvalidSpec) when an epoch holds no full batch.
  Sampler(const DatasetSpec& spec, int64_t seed, int64_t count_a, int64_t count_b,
          int64_t batch_size);

  // Full batches of an epoch; the incomplete last one is dropped.
  int64_t steps_per_epoch() const { return steps_per_epoch_; }

  // `step` counts from 0 over all epochs.
  SampleIndices at(int64_t step) const;

 private:
  bool shuffle_;
  Pairing pairing_;
  int64_t seed_, count_a_, count_b_, batch_size_, steps_per_epoch_;
  mutable int64_t cached_epoch_ = -1;  // the last epoch's order, a pure function of it
  mutable std::vector<uint32_t> order_;
};

}  // namespace scgan
