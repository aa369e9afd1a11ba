// A part of memory that holds a file's content, read-only.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>

namespace scgan {

class Mapping {
 public:
  // The first `bytes` of an open file, which is at least that long and stays so: reading behind the
  // end of a file that was shortened later ends the program. Throws Error(kStorage).
  static std::shared_ptr<const Mapping> of(int descriptor, size_t bytes,
                                           const std::filesystem::path& file);

  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping();

  const std::byte* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  Mapping(const std::byte* data, size_t size) : data_(data), size_(size) {}

  const std::byte* data_;
  size_t size_;
};

}  // namespace scgan
