#include "core/model/safetensors.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <fstream>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <utility>

#include "core/base/atomic_file.h"
#include "core/base/error.h"

namespace scgan {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

// As in the reference implementation.
constexpr uint64_t kMaxHeader = 100'000'000;
constexpr uint64_t kHeaderAlignment = 8;
constexpr size_t kMaxDimensions = 64;
constexpr const char* kMetadata = "__metadata__";

struct Type {
  const char* name;
  at::ScalarType type;
};
constexpr std::array<Type, 6> kTypes{{{"F32", at::kFloat},
                                      {"F64", at::kDouble},
                                      {"I64", at::kLong},
                                      {"I32", at::kInt},
                                      {"U8", at::kByte},
                                      {"BOOL", at::kBool}}};

[[noreturn]] void refuse_file(const std::filesystem::path& file, const std::string& reason) {
  throw Error(ErrorKind::kData,
              fmt::format("{}: not a valid safetensors file: {}", file.string(), reason));
}

const char* type_name(const at::Tensor& tensor, const std::string& name) {
  for (const Type& type : kTypes) {
    if (type.type == tensor.scalar_type()) return type.name;
  }
  throw Error(ErrorKind::kStorage, fmt::format("tensor {} has the type {}, which is not stored",
                                               name, c10::toString(tensor.scalar_type())));
}

// Wide elements first: without gaps between tensors, this order alone aligns them all.
NamedTensors in_file_order(NamedTensors tensors) {
  std::set<std::string> names{kMetadata};
  for (const auto& [name, tensor] : tensors) {
    if (!names.insert(name).second) {
      throw Error(ErrorKind::kStorage, fmt::format("two tensors have the name {}", name));
    }
  }
  std::stable_sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) {
    return a.second.element_size() > b.second.element_size();
  });
  return tensors;
}

std::string header_of(const NamedTensors& tensors,
                      const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header[kMetadata] = metadata;
  uint64_t begin = 0;
  for (const auto& [name, tensor] : tensors) {
    const uint64_t end = begin + tensor.nbytes();
    header[name] = {{"dtype", type_name(tensor, name)},
                    {"shape", tensor.sizes().vec()},
                    {"data_offsets", {begin, end}}};
    begin = end;
  }
  std::string text = header.dump();
  text.append((kHeaderAlignment - text.size() % kHeaderAlignment) % kHeaderAlignment, ' ');
  return text;
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
  if (!text.starts_with('{')) refuse_file(file, "its header does not begin with {");
  HeaderCheck check;
  auto header = nlohmann::json::parse(text, std::ref(check), /*allow_exceptions=*/false);
  if (!check.problem().empty()) refuse_file(file, check.problem());
  if (!header.is_object()) refuse_file(file, "its header is not a JSON object");
  return header;
}

struct Entry {
  std::string name;
  at::ScalarType type = at::kFloat;
  std::vector<int64_t> shape;
  uint64_t begin = 0, end = 0;
};

uint64_t byte_count(const Entry& entry, const std::filesystem::path& file) {
  uint64_t bytes = at::elementSize(entry.type);
  bool empty = false;
  for (const int64_t side : entry.shape) {
    // An empty tensor has strides, too: its other sides must not overflow either.
    const auto factor = static_cast<uint64_t>(std::max<int64_t>(side, 1));
    empty |= side == 0;
    if (bytes > std::numeric_limits<int64_t>::max() / factor) {
      refuse_file(file, fmt::format("tensor {} has an impossible shape", entry.name));
    }
    bytes *= factor;
  }
  return empty ? 0 : bytes;
}

std::vector<uint64_t> unsigned_list(const std::string& name, const nlohmann::json& entry,
                                    const char* key, const std::filesystem::path& file) {
  if (!entry.is_object() || !entry.contains(key) || !entry[key].is_array()) {
    refuse_file(file, fmt::format("tensor {} has no list '{}'", name, key));
  }
  std::vector<uint64_t> numbers;
  for (const auto& number : entry[key]) {
    if (!number.is_number_unsigned()) {
      refuse_file(
          file, fmt::format("tensor {} has {} in '{}', which is not an integer from 0 to 2^64 - 1",
                            name, number.dump(), key));
    }
    numbers.push_back(number.get<uint64_t>());
  }
  return numbers;
}

at::ScalarType parse_type(const std::string& name, const nlohmann::json& entry,
                          const std::filesystem::path& file) {
  const auto found = entry.find("dtype");
  const std::string type =
      found != entry.end() && found->is_string() ? found->get<std::string>() : "";
  for (const Type& known : kTypes) {
    if (type == known.name) return known.type;
  }
  refuse_file(file,
              fmt::format("tensor {} has the type '{}'; F32, F64, I64, I32, U8 and BOOL are read",
                          name, type));
}

Entry parse_entry(const std::string& name, const nlohmann::json& json,
                  const std::filesystem::path& file) {
  Entry entry;
  entry.name = name;
  const auto offsets = unsigned_list(name, json, "data_offsets", file);
  if (offsets.size() != 2)
    refuse_file(file, fmt::format("tensor {} does not have two offsets", name));
  entry.begin = offsets[0];
  entry.end = offsets[1];
  const auto sides = unsigned_list(name, json, "shape", file);
  for (const uint64_t side : sides) {
    if (sides.size() > kMaxDimensions || !std::in_range<int64_t>(side)) {
      refuse_file(file, fmt::format("tensor {} has an impossible shape", name));
    }
    entry.shape.push_back(static_cast<int64_t>(side));
  }
  entry.type = parse_type(name, json, file);
  return entry;
}

// Returns the entries in the order of their bytes, which must cover the data without gaps.
std::vector<Entry> checked_entries(const nlohmann::json& header, uint64_t data_bytes,
                                   const std::filesystem::path& file) {
  std::vector<Entry> entries;
  for (const auto& [name, json] : header.items()) {
    if (name != kMetadata) entries.push_back(parse_entry(name, json, file));
  }
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  uint64_t next = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != next || entry.end < entry.begin || entry.end > data_bytes) {
      refuse_file(
          file,
          fmt::format("tensor {} lies at bytes {} to {} of {}: a gap, an overlap or past the end",
                      entry.name, entry.begin, entry.end, data_bytes));
    }
    if (entry.end - entry.begin != byte_count(entry, file)) {
      refuse_file(file, fmt::format("tensor {} has {} bytes, its shape needs {}", entry.name,
                                    entry.end - entry.begin, byte_count(entry, file)));
    }
    next = entry.end;
  }
  if (next != data_bytes)
    refuse_file(file, fmt::format("{} bytes belong to no tensor", data_bytes - next));
  return entries;
}

std::map<std::string, std::string> parse_metadata(const nlohmann::json& header,
                                                  const std::filesystem::path& file) {
  std::map<std::string, std::string> metadata;
  const auto found = header.find(kMetadata);
  if (found == header.end()) return metadata;
  if (!found->is_object()) refuse_file(file, "its metadata is not an object of strings");
  for (const auto& [key, value] : found->items()) {
    if (!value.is_string())
      refuse_file(file, fmt::format("its metadata '{}' is not a string", key));
    metadata[key] = value.get<std::string>();
  }
  return metadata;
}

// A stream of known size.
class Input {
 public:
  Input(std::istream& stream, uint64_t size, const std::filesystem::path& file)
      : stream_(stream), left_(size), file_(file) {}
  uint64_t left() const { return left_; }
  void read(void* bytes, uint64_t count) {
    stream_.read(static_cast<char*>(bytes), static_cast<std::streamsize>(count));
    if (!stream_) refuse_file(file_, "it ends early or cannot be read to its end");
    left_ -= count;
  }

 private:
  std::istream& stream_;
  uint64_t left_;
  const std::filesystem::path& file_;
};

std::string read_header(Input& input, const std::filesystem::path& file) {
  uint64_t length = 0;
  if (input.left() < sizeof length)
    refuse_file(file, fmt::format("{} bytes are too few", input.left()));
  input.read(&length, sizeof length);
  if (length > kMaxHeader || length > input.left()) {
    refuse_file(file,
                fmt::format("its header claims {} bytes; {} follow, and {} are the most allowed",
                            length, input.left(), kMaxHeader));
  }
  std::string text(length, '\0');
  input.read(text.data(), length);
  return text;
}

at::Tensor read_tensor(Input& input, const Entry& entry, const std::filesystem::path& file) {
  at::Tensor tensor = at::empty(entry.shape, entry.type);
  if (entry.begin == entry.end) return tensor;
  auto* bytes = static_cast<uint8_t*>(tensor.mutable_data_ptr());
  input.read(bytes, entry.end - entry.begin);
  if (entry.type == at::kBool &&
      std::any_of(bytes, bytes + tensor.numel(), [](uint8_t byte) { return byte > 1; })) {
    refuse_file(file, fmt::format("tensor {} has a BOOL that is neither 0 nor 1", entry.name));
  }
  return tensor;
}

SafetensorsFile read_all(Input input, const std::filesystem::path& file) {
  const nlohmann::json header = parse_header(read_header(input, file), file);
  SafetensorsFile content;
  content.metadata = parse_metadata(header, file);
  for (const Entry& entry : checked_entries(header, input.left(), file)) {
    content.tensors.emplace_back(entry.name, read_tensor(input, entry, file));
  }
  return content;
}

}  // namespace

void write_safetensors(const std::filesystem::path& file, const NamedTensors& tensors,
                       const std::map<std::string, std::string>& metadata) {
  const NamedTensors ordered = in_file_order(tensors);
  const std::string header = header_of(ordered, metadata);
  const uint64_t length = header.size();
  write_file_atomically(file, [&](int descriptor) {
    write_all(descriptor, &length, sizeof length, file);
    write_all(descriptor, header.data(), header.size(), file);
    for (const auto& [name, tensor] : ordered) {
      const at::Tensor bytes = tensor.detach().to(at::kCPU).contiguous();
      write_all(descriptor, bytes.const_data_ptr(), bytes.nbytes(), file);
    }
  });
}

SafetensorsFile read_safetensors(const std::filesystem::path& file) {
  std::error_code failed;
  const uint64_t size = std::filesystem::file_size(file, failed);
  std::ifstream stream(file, std::ios::binary);
  if (failed || !stream) {
    throw Error(ErrorKind::kData, fmt::format("{}: cannot be read{}{}", file.string(),
                                              failed ? ": " : "", failed ? failed.message() : ""));
  }
  return read_all(Input(stream, size, file), file);
}

SafetensorsFile parse_safetensors(const std::string& bytes, const std::filesystem::path& file) {
  std::istringstream stream(bytes);
  return read_all(Input(stream, bytes.size(), file), file);
}

}  // namespace scgan
