#include "core/model/safetensors.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string_view>
#include <utility>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/safetensors_header.h"

namespace scgan {
namespace {

constexpr uint64_t kHeaderAlignment = 8;

struct Type {
  std::string_view name;
  at::ScalarType type;
};
constexpr std::array<Type, 6> kTypes{{{"F32", at::kFloat},
                                      {"F64", at::kDouble},
                                      {"I64", at::kLong},
                                      {"I32", at::kInt},
                                      {"U8", at::kByte},
                                      {"BOOL", at::kBool}}};

std::string_view type_name(const at::Tensor& tensor, const std::string& name) {
  for (const Type& type : kTypes) {
    if (type.type == tensor.scalar_type()) return type.name;
  }
  throw Error(ErrorKind::kStorage, fmt::format("tensor {} has the type {}, which is not stored",
                                               name, c10::toString(tensor.scalar_type())));
}

at::ScalarType scalar_type(std::string_view name) {
  return std::ranges::find(kTypes, name, &Type::name)->type;
}

// Wide elements first: without gaps between tensors, this order alone aligns them all.
NamedTensors in_file_order(NamedTensors tensors) {
  std::set<std::string> names{kSafetensorsMetadata};
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
  if (!metadata.empty()) header[kSafetensorsMetadata] = metadata;
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

at::Tensor read_tensor(std::istream& stream, const TensorEntry& entry,
                       const std::filesystem::path& file) {
  at::Tensor tensor = at::empty(entry.shape, scalar_type(entry.type));
  if (entry.begin == entry.end) return tensor;
  auto* bytes = static_cast<uint8_t*>(tensor.mutable_data_ptr());
  stream.read(reinterpret_cast<char*>(bytes),
              static_cast<std::streamsize>(entry.end - entry.begin));
  if (!stream) refuse_safetensors(file, "it ends early or cannot be read to its end");
  if (tensor.scalar_type() == at::kBool &&
      std::any_of(bytes, bytes + tensor.numel(), [](uint8_t byte) { return byte > 1; })) {
    refuse_safetensors(file,
                       fmt::format("tensor {} has a BOOL that is neither 0 nor 1", entry.name));
  }
  return tensor;
}

SafetensorsFile read_tensors(std::istream& stream, SafetensorsHeader header,
                             const std::filesystem::path& file) {
  SafetensorsFile content;
  content.metadata = std::move(header.metadata);
  for (const TensorEntry& entry : header.tensors) {
    content.tensors.emplace_back(entry.name, read_tensor(stream, entry, file));
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
  auto [stream, header] = open_safetensors(file);
  return read_tensors(stream, std::move(header), file);
}

SafetensorsFile parse_safetensors(const std::string& bytes, const std::filesystem::path& file) {
  std::istringstream stream(bytes);
  return read_tensors(stream, read_safetensors_header(stream, bytes.size(), file), file);
}

}  // namespace scgan
