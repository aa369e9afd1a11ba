#include "core/model/generator_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/error.h"

namespace scgan {
namespace {

bool is_valid(const GeneratorInput& input) {
  const bool has_ranges = std::all_of(input.range.begin(), input.range.end(),
                                      [](const auto& range) { return range[0] < range[1]; });
  return has_ranges && input.image_size > 0 && input.image_size % 4 == 0 && input.tiles > 0 &&
         (input.bits == 8 || input.bits == 16 || input.bits == 32);
}

}  // namespace

std::string to_json_text(const GeneratorInput& input) {
  nlohmann::ordered_json json;
  json["image_size"] = input.image_size;
  json["tiles"] = input.tiles;
  json["bits"] = input.bits;
  json["fitted"] = input.is_fitted;
  json["range"] = input.range;
  return json.dump();
}

std::optional<GeneratorInput> generator_input(const std::map<std::string, std::string>& metadata,
                                              const std::filesystem::path& file) {
  const auto found = metadata.find(kGeneratorInputKey);
  if (found == metadata.end()) return std::nullopt;
  GeneratorInput input;
  try {
    const auto json = nlohmann::json::parse(found->second);
    json.at("image_size").get_to(input.image_size);
    json.at("tiles").get_to(input.tiles);
    json.at("bits").get_to(input.bits);
    json.at("fitted").get_to(input.is_fitted);
    json.at("range").get_to(input.range);
    if (is_valid(input)) return input;
  } catch (const nlohmann::json::exception&) {
    // As below.
  }
  throw Error(ErrorKind::kData,
              fmt::format("{}: its metadata does not describe the images that the "
                          "generator was trained on: \"{}\": {}",
                          file.string(), kGeneratorInputKey, found->second));
}

}  // namespace scgan
