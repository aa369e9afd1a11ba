#include "core/data/data_loader.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/List.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/index.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>

#include <array>
#include <optional>

#include "core/base/counter_rng.h"
#include "core/data/subset.h"
#include "core/image/pixel_range.h"

namespace scgan {
namespace {

std::vector<int64_t> subset_of(const RunSpec& spec, const ImageSet& images, int domain) {
  return subset_indices(spec.data, images.images.size(0), spec.seed, domain);
}

// What distinguishes the random numbers of the two domains.
struct DomainPurposes {
  Purpose crop, flip;
};
constexpr std::array<DomainPurposes, 2> kPurposes{
    {{Purpose::kCropA, Purpose::kFlipA}, {Purpose::kCropB, Purpose::kFlipB}}};

std::vector<int64_t> mapped(const std::vector<int64_t>& subset,
                            const std::vector<int64_t>& chosen) {
  std::vector<int64_t> images;
  for (const int64_t index : chosen) images.push_back(subset[static_cast<size_t>(index)]);
  return images;
}

bool are_bytes(const at::Tensor& images) { return images.scalar_type() == at::kByte; }

// The bytes that the subset takes as a copy of the kind of DataLoader::copies_a_.
int64_t copy_bytes(const at::Tensor& images, const std::vector<int64_t>& subset) {
  return images[0].numel() * static_cast<int64_t>(subset.size()) * (are_bytes(images) ? 1 : 4);
}

at::Tensor copy_of(const at::Tensor& images, const std::vector<int64_t>& subset,
                   c10::Device device) {
  const at::Tensor own = images.index_select(0, at::tensor(subset));
  return (are_bytes(own) ? own : to_network_range(own)).to(device);
}

}  // namespace

DataLoader::DataLoader(const RunSpec& spec, const Dataset& data, c10::Device device,
                       int64_t gpu_bytes)
    : spec_(spec),
      data_(data),
      device_(device),
      subset_a_(subset_of(spec, data.train_a, 0)),
      subset_b_(subset_of(spec, data.train_b, 1)),
      sampler_(spec.data, spec.seed, images_a(), images_b(), spec.train.batch_size) {
  const at::Tensor& a = data.train_a.images;
  const at::Tensor& b = data.train_b.images;
  if (device.is_cpu() || copy_bytes(a, subset_a_) + copy_bytes(b, subset_b_) > gpu_bytes) return;
  copies_a_ = copy_of(a, subset_a_, device);
  copies_b_ = copy_of(b, subset_b_, device);
  levels_ = to_network_range(at::arange(256)).to(device);
}

Batch DataLoader::batch(int64_t step) const {
  const SampleIndices chosen = sampler_.at(step);
  if (copies_a_.defined()) {
    return {cut_on_gpu(copies_a_, crops(chosen.a, copies_a_, step, 0)),
            cut_on_gpu(copies_b_, crops(chosen.b, copies_b_, step, 1))};
  }
  const at::Tensor& a = data_.train_a.images;
  const at::Tensor& b = data_.train_b.images;
  return {cut_on_host(a, crops(mapped(subset_a_, chosen.a), a, step, 0)),
          cut_on_host(b, crops(mapped(subset_b_, chosen.b), b, step, 1))};
}

std::vector<DataLoader::Crop> DataLoader::crops(const std::vector<int64_t>& images,
                                                const at::Tensor& of_domain, int64_t step,
                                                int domain) const {
  const auto seed = static_cast<uint32_t>(spec_.seed);
  const auto counter = static_cast<uint32_t>(step);
  const auto& [crop_purpose, flip_purpose] = kPurposes.at(static_cast<size_t>(domain));
  const CounterRng crop(seed, crop_purpose);
  const CounterRng flip(seed, flip_purpose);
  const auto room_y = static_cast<uint32_t>(of_domain.size(2) - spec_.data.image_size);
  const auto room_x = static_cast<uint32_t>(of_domain.size(3) - spec_.data.image_size);
  std::vector<Crop> all;
  for (uint32_t i = 0; i < images.size(); ++i) {
    all.push_back({images[i], crop.index(room_y + 1, counter, i, 0),
                   crop.index(room_x + 1, counter, i, 1),
                   spec_.data.flip && flip.uniform(counter, i) < 0.5});
  }
  return all;
}

at::Tensor DataLoader::cut_on_host(const at::Tensor& images, const std::vector<Crop>& crops) const {
  const int64_t size = spec_.data.image_size;
  std::vector<at::Tensor> batch;
  for (const auto& [image, y, x, flipped] : crops) {
    const at::Tensor seen = images[image].narrow(1, y, size).narrow(2, x, size);
    batch.push_back(flipped ? seen.flip(2) : seen);
  }
  const at::Tensor here = to_network_range(at::stack(batch));
  return device_.is_cpu() ? here : here.pin_memory().to(device_, /*non_blocking=*/true);
}

at::Tensor DataLoader::cut_on_gpu(const at::Tensor& images, const std::vector<Crop>& crops) const {
  const int64_t size = spec_.data.image_size;
  const auto count = static_cast<int64_t>(crops.size());
  const at::Tensor host =
      at::empty({4, count}, at::TensorOptions(at::kLong).pinned_memory(/*pinned_memory=*/true));
  auto* numbers = host.mutable_data_ptr<int64_t>();
  for (int64_t i = 0; i < count; ++i) {
    const auto& [image, y, x, flipped] = crops[static_cast<size_t>(i)];
    numbers[i] = image;
    numbers[count + i] = y;
    numbers[2 * count + i] = x;
    numbers[3 * count + i] = flipped ? 1 : 0;
  }
  // [4, N, 1, 1, 1].
  const at::Tensor draws = host.to(device_, /*non_blocking=*/true).view({4, count, 1, 1, 1});
  const auto here = at::TensorOptions(at::kLong).device(device_);
  const at::Tensor place = at::arange(size, here);
  const at::Tensor rows = place.view({1, 1, size, 1}) + draws[1];
  // Column j, or S - 1 - j of a flipped image.
  const at::Tensor columns = place + draws[2] + draws[3] * ((size - 1) - place * 2);
  const at::Tensor channels = at::arange(3, here).view({1, 3, 1, 1});
  const c10::List<std::optional<at::Tensor>> where({draws[0], channels, rows, columns});
  const at::Tensor cut = at::index(images, where);
  if (!are_bytes(cut)) return cut;
  return levels_.index_select(0, cut.flatten().to(at::kInt)).view(cut.sizes());
}

}  // namespace scgan
