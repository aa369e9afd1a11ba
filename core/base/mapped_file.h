// A file's content mapped into memory, read-only.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>

namespace scgan {

class MappedFile {
 public:
  // The first `bytes` of an open file, which must be and stay at least that long: reading past the
  // end of a file that was shortened later kills the program. Throws Error(kStorage).
  static std::shared_ptr<const MappedFile> of(int descriptor, size_t bytes,
                                              const std::filesystem::path& file);

  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  const std::byte* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  MappedFile(const std::byte* data, size_t size) : data_(data), size_(size) {}

  const std::byte* data_;
  size_t size_;
};

}  // namespace scgan
