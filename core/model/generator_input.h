// How image files became the input of a generator in its training. A generator translates other
// images correctly only if they are prepared in the same way, so this is part of its weights file.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace scgan {

struct GeneratorInput {
  // Test images were resized to tiles * image_size pixels per side and cut into tiles x tiles
  // squares.
  int64_t image_size = 0;
  int64_t tiles = 1;
  // Per channel of the files: 8, 16, or 32 (float).
  int64_t bits = 8;
  // Whether `range` was fitted to the training images (data.scaling: percentile). If not, it is the
  // range of the files' type.
  bool is_fitted = false;
  // The raw values that are black and white, per channel.
  std::array<std::array<double, 2>, 3> range{};
  bool operator==(const GeneratorInput&) const = default;
};

// The JSON object of the weights' metadata ("input") and of the store.
std::string to_json_text(const GeneratorInput& input);

// Reads `metadata` of a safetensors file; nullopt if it does not have the input: weights from
// elsewhere, or of an earlier release. Throws Error(kData), naming the file, if it is not valid.
std::optional<GeneratorInput> generator_input(const std::map<std::string, std::string>& metadata,
                                              const std::filesystem::path& file);

// The key of the metadata.
inline constexpr const char* kGeneratorInputKey = "input";

}  // namespace scgan
