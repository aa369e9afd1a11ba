// Translates a folder of images with a generator into another folder: the work of scgan_translate.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/data/skipped_files.h"
#include "core/data/split.h"
#include "core/model/generator_input.h"
#include "core/model/networks.h"
#include "tools/translate/translate_image.h"

namespace scgan {

struct TranslateOptions {
  // How the generator's training read images. If set, images are read in the same way: its range of
  // raw values (without `percentile`), and with size 0 the size and tiles of its test images.
  std::optional<GeneratorInput> input = std::nullopt;
  // Images keep their size, whatever `input` says. Not with `size`, unless in tiles.
  bool keep_size = false;
  // Images are resized to size x size; 0 = as in `input`, or else they keep their size.
  int64_t size = 0;
  // Do not resize, but translate in squares of side `size`, which are blended.
  bool tiles = false;
  // Pixels that neighbouring squares share at least; nullopt: a quarter of `size`.
  std::optional<int64_t> overlap = std::nullopt;
  // Per channel of the PNG files: 8 or 16; 0 = 8, or with `intensities` the depth of each input.
  int64_t bits = 0;
  // Write raw values instead of grey levels: what became black and white when the image was read is
  // undone, so that a pixel which the generator does not change gets its raw value back.
  bool intensities = false;
  // [low, high] in percent: these percentiles of the whole folder, per channel, become black and
  // white. Without them, and without a range in `input`, the ends of the range of each file's type
  // do.
  std::optional<std::array<double, 2>> percentile = std::nullopt;
  // The rows of a CSV file to translate.
  Split split = Split::kTestA;
  // Replace existing files.
  bool force = false;
};

struct TranslateResult {
  int64_t written = 0;
  // What the input folder holds besides the images.
  SkippedFiles skipped = {};
  // One sentence per image that was not written.
  std::vector<std::string> failures;
};

using TranslateProgress = std::function<void(int64_t done, int64_t total)>;

// How images are resized and cut before translation.
struct TranslatedSize {
  // Images are resized to side x side; 0 = not.
  int64_t side = 0;
  // They are then translated whole, or in squares. Those of a run's test images do not overlap.
  Tiling tiling = {};
};
TranslatedSize translated_size(const TranslateOptions& options);

// Translates every PNG, JPEG and TIFF image of the folder `input`, or every row of options.split of
// the CSV file `input` (core/data/manifest.h), into `output`/NAME.png and makes `output` if
// necessary. An image that cannot be read does not stop the others. Before it writes anything,
// throws Error(kInvalidSpec) when input and output are the same folder, two images would get the
// same name, or (without force) a file exists; the message names all of them, at most 20 and then a
// count. An image whose depth is not that of a fitted range in options.input is a
// failure. Throws Error(kData) when there are no images or a percentile cannot be computed, and
// Error(kStorage) when the output cannot be written.
TranslateResult translate_folder(Generator& generator, const std::filesystem::path& input,
                                 const std::filesystem::path& output,
                                 const TranslateOptions& options,
                                 const TranslateProgress& progress);

}  // namespace scgan
