#include "core/eval/output_spread.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <vector>

namespace scgan {
namespace {

constexpr int64_t kGathered = 1 << 18;  // numbers of each rank at once
constexpr int64_t kImagesAtOnce = 8;

double total(const at::Tensor& numbers) {
  double sum = 0;
  const auto* values = numbers.const_data_ptr<int64_t>();
  for (int64_t i = 0; i < numbers.numel(); ++i) sum += static_cast<double>(values[i]);
  return sum;
}

}  // namespace

PixelSums::PixelSums(int64_t images, at::IntArrayRef shape)
    : sums_(at::zeros(shape, at::kLong)),
      squares_(at::zeros(shape, at::kLong)),
      within_(at::zeros({images}, at::kLong)) {}

void PixelSums::add(int64_t first, const at::Tensor& images) {
  const at::Tensor levels = images.to(at::kLong);
  const at::Tensor squares = levels * levels;
  sums_ += levels.sum(0);
  squares_ += squares.sum(0);
  const int64_t pixels = images.size(2) * images.size(3);
  const at::Tensor sum = levels.sum({2, 3});
  within_.narrow(0, first, images.size(0)).add_((squares.sum({2, 3}) * pixels - sum * sum).sum(1));
}

void PixelSums::share(Communicator& communicator) {
  if (communicator.size() == 1) return;
  at::Tensor all = at::cat({sums_.flatten(), squares_.flatten(), within_});
  for (at::Tensor& part : all.split(kGathered)) {
    part.copy_(all_gather_rows(communicator, part.unsqueeze(0).contiguous()).sum(0));
  }
  const auto parts = all.split_with_sizes({sums_.numel(), squares_.numel(), within_.numel()});
  sums_ = parts[0].view(sums_.sizes());
  squares_ = parts[1].view(squares_.sizes());
  within_ = parts[2];
}

PixelVariance PixelSums::variance() const {
  const int64_t images = within_.numel();
  const auto n = static_cast<double>(images);
  const auto values = static_cast<double>(sums_.numel());
  const auto pixels = static_cast<double>(sums_.size(1) * sums_.size(2));
  const auto channels = static_cast<double>(sums_.size(0));
  return {.over_images = total((squares_ * images - sums_ * sums_).contiguous()) / (n * n * values),
          .within_images = total(within_.contiguous()) / (n * channels * pixels * pixels)};
}

PixelVariance pixel_variance(const at::Tensor& images) {
  PixelSums sums(images.size(0), images.sizes().slice(1));
  for (int64_t first = 0; first < images.size(0); first += kImagesAtOnce) {
    sums.add(first, images.narrow(0, first, std::min(kImagesAtOnce, images.size(0) - first)));
  }
  return sums.variance();
}

std::optional<double> output_spread(const PixelVariance& outputs, const PixelVariance& real) {
  if (real.over_images == 0 || real.within_images == 0) return std::nullopt;
  return std::min(outputs.over_images / real.over_images,
                  outputs.within_images / real.within_images);
}

}  // namespace scgan
