#include "core/base/safetensors_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "core/base/error.h"

namespace scgan {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

constexpr size_t kMaxDimensions = 64;

struct Type {
  std::string_view name;
  uint64_t bytes;
};
constexpr std::array<Type, 6> kTypes{
    {{"F32", 4}, {"F64", 8}, {"I64", 8}, {"I32", 4}, {"U8", 1}, {"BOOL", 1}}};

// Null if there is none of this name.
const Type* known_type(std::string_view name) {
  const auto found = std::ranges::find(kTypes, name, &Type::name);
  return found == kTypes.end() ? nullptr : &*found;
}

// Rejects what the parser would accept: duplicate keys and deep nesting.
class HeaderCheck {
 public:
  bool operator()(int depth, nlohmann::json::parse_event_t event, const nlohmann::json& value) {
    if (!problem_.empty()) return false;
    using Event = nlohmann::json::parse_event_t;
    if (depth > kMaxDepth) problem_ = "its header is nested too deeply";
    if (event == Event::object_start && depth < kMaxDepth)
      keys_[static_cast<size_t>(depth)].clear();
    if (event == Event::key && depth <= kMaxDepth) {
      const auto key = value.get<std::string>();
      if (!keys_[static_cast<size_t>(depth) - 1].insert(key).second) {
        problem_ = fmt::format("its header has '{}' twice", key);
      }
    }
    return problem_.empty();
  }
  const std::string& problem() const { return problem_; }

 private:
  // Of a number in the list of a tensor's object.
  static constexpr int kMaxDepth = 3;
  // Of the open object at each depth.
  std::array<std::set<std::string>, kMaxDepth> keys_;
  std::string problem_;
};

nlohmann::json parse_header(const std::string& text, const std::filesystem::path& file) {
  if (!text.starts_with('{')) refuse_safetensors(file, "its header does not begin with {");
  HeaderCheck check;
  auto header = nlohmann::json::parse(text, std::ref(check), /*allow_exceptions=*/false);
  if (!check.problem().empty()) refuse_safetensors(file, check.problem());
  if (!header.is_object()) refuse_safetensors(file, "its header is not a JSON object");
  return header;
}

uint64_t byte_count(const TensorEntry& entry, const std::filesystem::path& file) {
  uint64_t bytes = known_type(entry.type)->bytes;
  bool empty = false;
  for (const int64_t side : entry.shape) {
    // An empty tensor has strides, too: its other sides must not overflow either.
    const auto factor = static_cast<uint64_t>(std::max<int64_t>(side, 1));
    empty |= side == 0;
    if (bytes > std::numeric_limits<int64_t>::max() / factor) {
      refuse_safetensors(file, fmt::format("tensor {} has an impossible shape", entry.name));
    }
    bytes *= factor;
  }
  return empty ? 0 : bytes;
}

std::vector<uint64_t> unsigned_list(const std::string& name, const nlohmann::json& entry,
                                    const char* key, const std::filesystem::path& file) {
  if (!entry.is_object() || !entry.contains(key) || !entry[key].is_array()) {
    refuse_safetensors(file, fmt::format("tensor {} has no list '{}'", name, key));
  }
  std::vector<uint64_t> numbers;
  for (const auto& number : entry[key]) {
    if (!number.is_number_unsigned()) {
      refuse_safetensors(
          file, fmt::format("tensor {} has {} in '{}', which is not an integer from 0 to 2^64 - 1",
                            name, number.dump(), key));
    }
    numbers.push_back(number.get<uint64_t>());
  }
  return numbers;
}

std::string_view parse_type(const std::string& name, const nlohmann::json& entry,
                            const std::filesystem::path& file) {
  const auto found = entry.find("dtype");
  const std::string type =
      found != entry.end() && found->is_string() ? found->get<std::string>() : "";
  if (const Type* known = known_type(type)) return known->name;
  refuse_safetensors(
      file, fmt::format("tensor {} has the type '{}'; F32, F64, I64, I32, U8 and BOOL are read",
                        name, type));
}

TensorEntry parse_entry(const std::string& name, const nlohmann::json& json,
                        const std::filesystem::path& file) {
  TensorEntry entry;
  entry.name = name;
  const auto offsets = unsigned_list(name, json, "data_offsets", file);
  if (offsets.size() != 2)
    refuse_safetensors(file, fmt::format("tensor {} does not have two offsets", name));
  entry.begin = offsets[0];
  entry.end = offsets[1];
  const auto sides = unsigned_list(name, json, "shape", file);
  for (const uint64_t side : sides) {
    if (sides.size() > kMaxDimensions || !std::in_range<int64_t>(side)) {
      refuse_safetensors(file, fmt::format("tensor {} has an impossible shape", name));
    }
    entry.shape.push_back(static_cast<int64_t>(side));
  }
  entry.type = parse_type(name, json, file);
  return entry;
}

// Returns the entries in the order of their bytes, which must cover the data without gaps.
std::vector<TensorEntry> checked_entries(const nlohmann::json& header, uint64_t data_bytes,
                                         const std::filesystem::path& file) {
  std::vector<TensorEntry> entries;
  for (const auto& [name, json] : header.items()) {
    if (name != kSafetensorsMetadata) entries.push_back(parse_entry(name, json, file));
  }
  std::stable_sort(entries.begin(), entries.end(), [](const TensorEntry& a, const TensorEntry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  uint64_t next = 0;
  for (const TensorEntry& entry : entries) {
    if (entry.begin != next || entry.end < entry.begin || entry.end > data_bytes) {
      refuse_safetensors(
          file,
          fmt::format("tensor {} lies at bytes {} to {} of {}: a gap, an overlap or past the end",
                      entry.name, entry.begin, entry.end, data_bytes));
    }
    if (entry.end - entry.begin != byte_count(entry, file)) {
      refuse_safetensors(file, fmt::format("tensor {} has {} bytes, its shape needs {}", entry.name,
                                           entry.end - entry.begin, byte_count(entry, file)));
    }
    next = entry.end;
  }
  if (next != data_bytes)
    refuse_safetensors(file, fmt::format("{} bytes belong to no tensor", data_bytes - next));
  return entries;
}

std::map<std::string, std::string> parse_metadata(const nlohmann::json& header,
                                                  const std::filesystem::path& file) {
  std::map<std::string, std::string> metadata;
  const auto found = header.find(kSafetensorsMetadata);
  if (found == header.end()) return metadata;
  if (!found->is_object()) refuse_safetensors(file, "its metadata is not an object of strings");
  for (const auto& [key, value] : found->items()) {
    if (!value.is_string())
      refuse_safetensors(file, fmt::format("its metadata '{}' is not a string", key));
    metadata[key] = value.get<std::string>();
  }
  return metadata;
}

std::string read_text(std::istream& stream, uint64_t size, const std::filesystem::path& file) {
  uint64_t length = 0;
  if (size < sizeof length) refuse_safetensors(file, fmt::format("{} bytes are too few", size));
  const auto read = [&](char* bytes, uint64_t count) {
    stream.read(bytes, static_cast<std::streamsize>(count));
    if (!stream) refuse_safetensors(file, "it ends early or cannot be read to its end");
  };
  read(reinterpret_cast<char*>(&length), sizeof length);
  const uint64_t left = size - sizeof length;
  if (length > kMaxSafetensorsHeader || length > left) {
    refuse_safetensors(
        file, fmt::format("its header claims {} bytes; {} follow, and {} are the most allowed",
                          length, left, kMaxSafetensorsHeader));
  }
  std::string text(length, '\0');
  read(text.data(), length);
  return text;
}

}  // namespace

void refuse_safetensors(const std::filesystem::path& file, const std::string& reason) {
  throw Error(ErrorKind::kData,
              fmt::format("{}: not a valid safetensors file: {}", file.string(), reason));
}

SafetensorsHeader read_safetensors_header(std::istream& stream, uint64_t size,
                                          const std::filesystem::path& file) {
  const std::string text = read_text(stream, size, file);
  const nlohmann::json json = parse_header(text, file);
  auto metadata = parse_metadata(json, file);
  const uint64_t data_bytes = size - sizeof(uint64_t) - text.size();
  return {checked_entries(json, data_bytes, file), std::move(metadata)};
}

OpenSafetensors open_safetensors(const std::filesystem::path& file) {
  std::error_code failed;
  const uint64_t size = std::filesystem::file_size(file, failed);
  std::ifstream stream(file, std::ios::binary);
  if (failed || !stream) {
    throw Error(ErrorKind::kData, fmt::format("{}: cannot be read{}{}", file.string(),
                                              failed ? ": " : "", failed ? failed.message() : ""));
  }
  SafetensorsHeader header = read_safetensors_header(stream, size, file);
  return {std::move(stream), std::move(header)};
}

}  // namespace scgan
