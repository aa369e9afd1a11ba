// What the header of an image file says.
#pragma once

#include <cstdint>

namespace scgan {

// The longest side of an image in pixels: what JPEG allows.
inline constexpr int64_t kMaxImageSide = 65500;

struct ImageInfo {
  int64_t height = 0;
  int64_t width = 0;
  int64_t channels = 0;  // as in the file: 1 or 3
  int64_t bits = 0;      // per channel: 8 or 16 (unsigned), 32 (float)
  // How the file stores it, by the numbers of core/image/orientation.h.
  int orientation = 1;
};

}  // namespace scgan
