// How an image lies in its file: the numbers 1 to 8 that TIFF and EXIF use.
#pragma once

#include <ATen/core/Tensor.h>

#include <string_view>

namespace scgan {

inline constexpr int kUpright = 1;

// Whether lines of the file are columns of the upright image.
inline bool is_transposed(int orientation) { return orientation >= 5; }

// Returns the orientation that an EXIF block (a TIFF header and its directories) has; kUpright if
// it has none, or another number than 1 to 8. Accepts bytes of any origin.
int exif_orientation(std::string_view exif);

// Returns an image [3, H, W] of uint8 or float32 upright: each pixel moved to its place, none
// changed.
at::Tensor upright(const at::Tensor& image, int orientation);

}  // namespace scgan
