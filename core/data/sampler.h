// Sampler: selects the images of step k, as a pure function of (seed, epoch, index). Follows the
// published unaligned data set: epoch length max(|A|, |B|), A = order[index] mod |A|, B uniform
// with replacement (or serial).
#pragma once

#include <cstdint>
#include <vector>

#include "core/spec/run_spec.h"

namespace scgan {

struct SampleIndices {
  // batch_size indices each, into the subsets of A and B.
  std::vector<int64_t> a, b;
};

class Sampler {
 public:
  // `count_a` and `count_b` are the sizes of the subsets. Throws Error(kInvalidSpec) when an epoch
  // does not contain a full batch.
  Sampler(const DatasetSpec& spec, int64_t seed, int64_t count_a, int64_t count_b,
          int64_t batch_size);

  // The number of full batches per epoch; an incomplete last batch is dropped.
  int64_t steps_per_epoch() const { return steps_per_epoch_; }

  // Returns the images of `step`, counted from 0 over all epochs.
  SampleIndices at(int64_t step) const;

 private:
  bool shuffle_;
  Pairing pairing_;
  int64_t seed_, count_a_, count_b_, batch_size_, steps_per_epoch_;
  // Cache: order_ is the order of epoch cached_epoch_, a pure function of the epoch.
  mutable int64_t cached_epoch_ = -1;
  mutable std::vector<uint32_t> order_;
};

}  // namespace scgan
