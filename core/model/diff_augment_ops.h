// The operations of DiffAugment for given random values. Images are [N, 3, H, W]; each sample has
// its own value, in a tensor [N] on the device of the images.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace scgan {

// x + shift. `shift` and the factors below have the type of the images.
at::Tensor shift_brightness(const at::Tensor& images, const at::Tensor& shift);

// (x - m) * factor + m, where m is the mean over the channels of a pixel.
at::Tensor scale_saturation(const at::Tensor& images, const at::Tensor& factor);

// (x - m) * factor + m, where m is the mean over the whole image.
at::Tensor scale_contrast(const at::Tensor& images, const at::Tensor& factor);

struct PixelVector {
  int64_t y = 0;
  int64_t x = 0;
};

// The offset (dy, dx) or position (y, x) of each sample, int64.
struct PixelVectors {
  at::Tensor y, x;
};

// out[i, j] = in[i + y, j + x] inside the image, 0 outside.
at::Tensor translate(const at::Tensor& images, const PixelVectors& offsets);

// Zeroes the rectangle of rows centre.y - size.y / 2 ... centre.y - size.y / 2 + size.y - 1 and the
// corresponding columns, clipped to the image.
at::Tensor cut_out(const at::Tensor& images, const PixelVectors& centres, PixelVector size);

}  // namespace scgan
