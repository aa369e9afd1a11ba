// A folder of images through a generator into another folder: what scgan_translate does.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/model/networks.h"

namespace scgan {

struct TranslateOptions {
  int64_t size = 0;    // images are resized to size x size as in training; 0: they keep their size
  bool tiles = false;  // with `size`: not resized, but translated in squares of that side
  int64_t bits = 8;    // of the PNG files written: 8 or 16
  // [low, high] in percent: the values at these percentiles of the whole folder, per channel, are
  // black and white. Without: the full range of each file's type.
  std::optional<std::array<double, 2>> percentile = std::nullopt;
  bool force = false;  // replace files that are there
};

struct TranslateResult {
  int64_t written = 0;
  std::vector<std::string> failures;  // what was wrong with the images that were not: sentences
};

using TranslateProgress = std::function<void(int64_t done, int64_t total)>;

// Translates every PNG, JPEG and TIFF image of `input` into `output`/NAME.png; `output` is made if
// it is not there. An image that cannot be read is a failure of its own. Before anything is
// written, throws Error(kInvalidSpec) when input and output are one folder, two images would get
// one name, or (without force) a file is there already: all of them named, at most 20 and then a
// count. Error(kData): no images, or a percentile that cannot be taken. Error(kStorage): output
// that cannot be written.
TranslateResult translate_folder(Generator& generator, const std::filesystem::path& input,
                                 const std::filesystem::path& output,
                                 const TranslateOptions& options, c10::Device device,
                                 const TranslateProgress& progress);

// image [3, H, W] in [-1, 1] -> the same shape, on the CPU. The generator sees the image enlarged
// by reflection to multiples of 4, at least 8, and the result is cut back; with tile_size, a
// multiple of 4, it sees squares of that side, the last ones moved inward to the image's edge.
at::Tensor translate_image(Generator& generator, const at::Tensor& image, int64_t tile_size,
                           c10::Device device);

}  // namespace scgan
