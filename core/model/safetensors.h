// The safetensors file format: 8 bytes little-endian header length, JSON header, tensor bytes.
// Python's safetensors package reads what is written here, and the other way round.
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
  NamedTensors tensors;  // in the order of the bytes
  std::map<std::string, std::string> metadata;
};

// Written atomically; tensors on any device, stored in the order given but wide types first, so
// that each is aligned. Types: float32, float64, int64, int32, uint8, bool. Throws Error(kStorage),
// also for a name given twice.
void write_safetensors(const std::filesystem::path& file, const NamedTensors& tensors,
                       const std::map<std::string, std::string>& metadata);

// Throws Error(kData) naming the file and the reason for anything that is not exactly a valid file:
// too short, header too long or no JSON, unknown type, offsets that overlap, leave gaps or pass the
// end, sizes that do not match shapes.
SafetensorsFile read_safetensors(const std::filesystem::path& file);

// The same from the bytes of a file; `file` is for messages.
SafetensorsFile parse_safetensors(const std::string& bytes, const std::filesystem::path& file);

}  // namespace scgan
