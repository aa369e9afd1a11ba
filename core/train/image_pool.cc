#include "core/train/image_pool.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>

#include <vector>

namespace scgan {

ImagePool::ImagePool(int64_t capacity, int64_t seed, Purpose purpose)
    : capacity_(capacity), rng_(static_cast<uint32_t>(seed), purpose) {}

at::Tensor ImagePool::query(const at::Tensor& fakes, int64_t step) {
  if (capacity_ == 0) return fakes;
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> shown;
  for (int64_t i = 0; i < fakes.size(0); ++i) {
    const at::Tensor fake = fakes[i];
    const int64_t stored = images_.defined() ? images_.size(0) : 0;
    const auto counter = static_cast<uint32_t>(step);
    const auto sample = static_cast<uint32_t>(i);
    if (stored < capacity_) {
      const at::Tensor row = fake.unsqueeze(0);
      images_ = stored == 0 ? row.clone() : at::cat({images_, row});
      shown.push_back(fake);
    } else if (rng_.uniform(counter, sample) > 0.5) {
      const at::Tensor slot =
          images_[rng_.index(static_cast<uint32_t>(capacity_), counter, sample)];
      shown.push_back(slot.clone());
      slot.copy_(fake);
    } else {
      shown.push_back(fake);
    }
  }
  return at::stack(shown);
}

}  // namespace scgan
