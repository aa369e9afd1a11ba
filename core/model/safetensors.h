// The safetensors file format: 8 bytes little-endian header length, JSON header, tensor bytes.
// Files are interchangeable with those of Python's safetensors package.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace scgan {

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

struct SafetensorsFile {
  // In the order of their bytes.
  NamedTensors tensors;
  std::map<std::string, std::string> metadata;
};

// Writes the file atomically. Tensors may be on any device and are stored in the given order, but
// wide types first, so that each is aligned. Types: float32, float64, int64, int32, uint8, bool.
// Throws Error(kStorage), also for a duplicate name.
void write_safetensors(const std::filesystem::path& file, const NamedTensors& tensors,
                       const std::map<std::string, std::string>& metadata);

// Throws Error(kData) with the file and the reason if the file is not valid: too short, a header
// that is too long or not JSON, an unknown type, offsets that overlap, leave gaps or pass the end,
// sizes that do not match the shapes.
SafetensorsFile read_safetensors(const std::filesystem::path& file);

// The same from the bytes of a file; `file` appears in messages.
SafetensorsFile parse_safetensors(const std::string& bytes, const std::filesystem::path& file);

}  // namespace scgan
