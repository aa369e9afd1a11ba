// What a cache of decoded images knows beside the pixels, and its bytes.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/image/scaling.h"

namespace scgan {

// All that there is to say of a data set beside its pixels.
struct ImageCatalog {
  std::string digest;
  bool is_float = false;                           // else uint8
  std::array<std::vector<std::string>, 4> names;   // of the fields of kSplits
  std::array<std::vector<uint64_t>, 4> checksums;  // of each field's bytes
  ChannelRanges range{};                           // see Dataset
};

// As bytes; `pixels` is what decides the pixels (pixels_key). Numbers are in this machine's order.
std::string to_bytes(const ImageCatalog& catalog, const std::string& pixels);

// From bytes of any origin. Throws Error(kStorage) when they end early or go on too long, or are of
// other pixels or another data set than `digest`.
ImageCatalog catalog_from_bytes(std::string_view bytes, const std::string& pixels,
                                const std::string& digest);

}  // namespace scgan
