// From the raw values of an image to the grey levels that networks and feature extractors see:
// black and white, then the size. The same steps prepare a data set's images.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

#include "core/image/raw_image.h"
#include "core/image/scaling.h"

namespace scgan {

// Returns [3, H, W] with values from 0 to 255: uint8 if the file has 8 bits and no `ranges`, else
// float32. `ranges` become black and white; without them the ends of the range of the file's type
// do. The image is resized to side x side pixels; 0 = it keeps its size.
at::Tensor grey_levels(const RawImage& raw, const std::optional<ChannelRanges>& ranges,
                       int64_t side);

}  // namespace scgan
