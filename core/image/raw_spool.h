// Keeps decoded images on disk between two passes over a data set, so that each is decoded once.
#pragma once

#include <cstddef>
#include <filesystem>
#include <mutex>
#include <optional>
#include <vector>

#include "core/base/temporary_file.h"
#include "core/image/raw_image.h"

namespace scgan {

class RawSpool {  // From any thread.
 public:
  // For `count` images, in a temporary file beside `folder`; without a folder, or once the disk is
  // full, nothing is kept.
  RawSpool(size_t count, const std::optional<std::filesystem::path>& folder);

  void put(size_t index, const RawImage& image);

  // nullopt if it was not kept. The digest is empty.
  std::optional<RawImage> get(size_t index) const;

 private:
  struct Entry {
    bool kept = false;
    size_t offset = 0;
    RawImage shape;  // without pixels
    int64_t height = 0, width = 0;
  };

  std::mutex mutex_;
  std::optional<TemporaryFile> file_;
  bool full_ = false;
  size_t end_ = 0;
  std::vector<Entry> entries_;
};

}  // namespace scgan
