#include "core/data/data_loader.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/stack.h>

#include "core/base/counter_rng.h"
#include "core/data/subset.h"
#include "core/image/pixel_range.h"

namespace scgan {
namespace {

std::vector<int64_t> subset_of(const RunSpec& spec, const ImageSet& images, int domain) {
  return subset_indices(spec.data, images.images.size(0), spec.seed, domain);
}

// Returns random crops and flips of the chosen images of one domain, [N, 3, S, S] in [-1, 1].
at::Tensor crops(const RunSpec& spec, const at::Tensor& images, const std::vector<int64_t>& chosen,
                 int64_t step, Purpose crop_purpose, Purpose flip_purpose) {
  const auto seed = static_cast<uint32_t>(spec.seed);
  const auto counter = static_cast<uint32_t>(step);
  const CounterRng crop(seed, crop_purpose);
  const CounterRng flip(seed, flip_purpose);
  const int64_t size = spec.data.image_size;
  const auto room_y = static_cast<uint32_t>(images.size(2) - size);
  const auto room_x = static_cast<uint32_t>(images.size(3) - size);
  std::vector<at::Tensor> batch;
  for (uint32_t i = 0; i < chosen.size(); ++i) {
    const int64_t y = crop.index(room_y + 1, counter, i, 0);
    const int64_t x = crop.index(room_x + 1, counter, i, 1);
    at::Tensor image = images[chosen[i]].narrow(1, y, size).narrow(2, x, size);
    if (spec.data.flip && flip.uniform(counter, i) < 0.5) image = image.flip(2);
    batch.push_back(image);
  }
  return to_network_range(at::stack(batch));
}

std::vector<int64_t> mapped(const std::vector<int64_t>& subset,
                            const std::vector<int64_t>& chosen) {
  std::vector<int64_t> images;
  for (const int64_t index : chosen) images.push_back(subset[static_cast<size_t>(index)]);
  return images;
}

}  // namespace

DataLoader::DataLoader(const RunSpec& spec, const Dataset& data)
    : spec_(spec),
      data_(data),
      subset_a_(subset_of(spec, data.train_a, 0)),
      subset_b_(subset_of(spec, data.train_b, 1)),
      sampler_(spec.data, spec.seed, images_a(), images_b(), spec.train.batch_size) {}

Batch DataLoader::batch(int64_t step) const {
  const SampleIndices chosen = sampler_.at(step);
  return {crops(spec_, data_.train_a.images, mapped(subset_a_, chosen.a), step, Purpose::kCropA,
                Purpose::kFlipA),
          crops(spec_, data_.train_b.images, mapped(subset_b_, chosen.b), step, Purpose::kCropB,
                Purpose::kFlipB)};
}

}  // namespace scgan
