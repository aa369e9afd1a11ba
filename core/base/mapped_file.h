// A part of memory that holds a file's content, read-only.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>

namespace scgan {

class MappedFile {
 public:
  // The first `bytes` of an open file, which is at least that long and stays so: reading behind the
  // end of a file that was shortened later ends the program. Throws Error(kStorage).
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
