// A file without a name. It vanishes with its owner, however the program ends, unless it was
// published.
#pragma once

#include <cstddef>
#include <filesystem>
#include <utility>

#include "core/base/descriptor.h"

namespace scgan {

// All functions throw Error(kStorage) naming the folder: no space, no permission. Writing extends
// the file. Several threads may write and read different parts at once.
class TemporaryFile {
 public:
  // In memory; cannot be published.
  static TemporaryFile in_memory();

  // In `folder` or, while that does not exist, in the nearest folder above it that does.
  static TemporaryFile in_folder(const std::filesystem::path& folder);

  // Reserves space for this many bytes if the file system supports it; no effect in memory.
  void reserve(size_t bytes) const;

  void write_at(size_t offset, const void* bytes, size_t count) const;
  void read_at(size_t offset, void* bytes, size_t count) const;

  // Makes the complete file appear as `file`, replacing an existing one; the folder must exist.
  // Copies it where the file system cannot name an open file.
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
