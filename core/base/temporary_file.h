// A file without a name: it is gone when its owner is, whatever ends the program, unless it was
// published under one.
#pragma once

#include <cstddef>
#include <filesystem>
#include <utility>

#include "core/base/descriptor.h"

namespace scgan {

// Everything throws Error(kStorage) naming the place: no space, no permission. The size of a file
// grows with what is written. Different parts may be written and read by several threads at once.
class TemporaryFile {
 public:
  // In memory; cannot be published.
  static TemporaryFile in_memory();

  // In `folder` or, while that does not exist, in the nearest folder above it that does.
  static TemporaryFile in_folder(const std::filesystem::path& folder);

  // Makes sure of the space for so many bytes where the file system can; nothing in memory.
  void reserve(size_t bytes) const;

  void write_at(size_t offset, const void* bytes, size_t count) const;
  void read_at(size_t offset, void* bytes, size_t count) const;

  // Gives it the name `file`, whole and at once, in place of a file that has it already; the folder
  // has to be there. A copy where the file system does not let a file get a name later.
  void publish(const std::filesystem::path& file) const;

  int descriptor() const { return descriptor_.get(); }
  bool on_disk() const { return on_disk_; }
  const std::filesystem::path& place() const { return place_; }  // the folder, if on disk

 private:
  TemporaryFile(Descriptor descriptor, std::filesystem::path place, bool on_disk)
      : descriptor_(std::move(descriptor)), place_(std::move(place)), on_disk_(on_disk) {}

  bool link_as(const std::filesystem::path& file) const;
  void copy_to(const std::filesystem::path& file) const;

  Descriptor descriptor_;
  std::filesystem::path place_;
  bool on_disk_;
};

}  // namespace scgan
