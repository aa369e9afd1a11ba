#include "core/train/image_pool.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/stack.h>

#include <map>
#include <vector>

namespace scgan {

ImagePool::ImagePool(int64_t capacity, int64_t seed, Purpose purpose)
    : capacity_(capacity), rng_(static_cast<uint32_t>(seed), purpose) {}

// Decides on the host, where the random numbers are, then moves all images at once.
at::Tensor ImagePool::query(const at::Tensor& fakes, int64_t step) {
  if (capacity_ == 0) return fakes;
  const at::NoGradGuard no_grad;
  const int64_t stored = images_.defined() ? images_.size(0) : 0;
  int64_t filled = stored;
  std::map<int64_t, at::Tensor> replaced;  // by slot, the fake that it holds now
  std::vector<at::Tensor> shown;
  for (int64_t i = 0; i < fakes.size(0); ++i) {
    const at::Tensor fake = fakes[i];
    const auto counter = static_cast<uint32_t>(step);
    const auto sample = static_cast<uint32_t>(i);
    if (filled < capacity_) {
      replaced[filled++] = fake;
      shown.push_back(fake);
    } else if (rng_.uniform(counter, sample) > 0.5) {
      const int64_t slot = rng_.index(static_cast<uint32_t>(capacity_), counter, sample);
      const auto found = replaced.find(slot);
      shown.push_back(found == replaced.end() ? images_[slot] : found->second);
      replaced[slot] = fake;
    } else {
      shown.push_back(fake);
    }
  }
  at::Tensor result = at::stack(shown);
  if (filled > stored) grow_to(filled, fakes);
  for (const auto& [slot, fake] : replaced) images_[slot].copy_(fake);
  return result;
}

void ImagePool::grow_to(int64_t count, const at::Tensor& fakes) {
  auto shape = fakes.sizes().vec();
  shape.front() = count;
  const at::Tensor larger = at::empty(shape, fakes.options());
  if (images_.defined()) larger.narrow(0, 0, images_.size(0)).copy_(images_);
  images_ = larger;
}

}  // namespace scgan
