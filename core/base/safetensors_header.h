// The header of a safetensors file: which tensors it has, where their bytes are, and its metadata.
// The tensors themselves: core/model/safetensors.h.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <istream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace scgan {

struct TensorEntry {
  std::string name;
  // One of F32, F64, I64, I32, U8, BOOL.
  std::string_view type;
  // Each side fits into int64_t, and so do the bytes of all.
  std::vector<int64_t> shape;
  // Of its bytes, after the header.
  uint64_t begin = 0, end = 0;
};

struct SafetensorsHeader {
  // In the order of their bytes, which follow the header without gaps and end with the file.
  std::vector<TensorEntry> tensors;
  std::map<std::string, std::string> metadata;
};

// As in the reference implementation.
constexpr uint64_t kMaxSafetensorsHeader = 100'000'000;
// The key of the metadata among the tensors.
constexpr const char* kSafetensorsMetadata = "__metadata__";

// Reads the header of a file of `size` bytes and leaves the stream at the first tensor. Throws
// Error(kData) with `file` and the reason if the file is not valid: too short, a header that is too
// long or not JSON, an unknown type, offsets that overlap, leave gaps or pass the end, sizes that
// do not match the shapes.
SafetensorsHeader read_safetensors_header(std::istream& stream, uint64_t size,
                                          const std::filesystem::path& file);

struct OpenSafetensors {
  // At the first tensor.
  std::ifstream stream;
  SafetensorsHeader header;
};
// Opens a file and reads its header. Throws as above, also if the file cannot be read.
OpenSafetensors open_safetensors(const std::filesystem::path& file);

// Throws the Error(kData) of a file that is not valid.
[[noreturn]] void refuse_safetensors(const std::filesystem::path& file, const std::string& reason);

}  // namespace scgan
