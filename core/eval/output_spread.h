// Whether a generator's outputs still differ: the sign of a collapsed run.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

#include "core/comm/communicator.h"

namespace scgan {

// Two variances of a set of 8-bit images, both in squared grey levels. Computed from sums of whole
// numbers, so the bits do not depend on how the images are divided.
struct PixelVariance {
  // Of a pixel over the images, mean over all pixels and channels: 0 if all images are equal.
  double over_images = 0;
  // Of a channel's pixels within an image, mean over channels and images: 0 if every image has one
  // colour.
  double within_images = 0;
};

// Sums over images that several ranks share.
class PixelSums {
 public:
  // For `images` images of [channels, height, width].
  PixelSums(int64_t images, at::IntArrayRef shape);

  // Adds images [n, channels, height, width], uint8, of which the first has the index `first`. Each
  // image must be added once, on one rank.
  void add(int64_t first, const at::Tensor& images);
  // Adds the sums of all ranks. Collective.
  void share(Communicator& communicator);
  // All images must have been added.
  PixelVariance variance() const;

 private:
  at::Tensor sums_, squares_;  // per pixel
  at::Tensor within_;          // per image: height * width times its squared deviations
};

// The variances of all images, [n, channels, height, width], uint8.
PixelVariance pixel_variance(const at::Tensor& images);

// The lower of the two ratios of `outputs` to `real`: about 1 for outputs that differ as much as
// the real images, 0 if all are equal or all have one colour. nullopt if a variance of the real
// images is 0.
std::optional<double> output_spread(const PixelVariance& outputs, const PixelVariance& real);

}  // namespace scgan
