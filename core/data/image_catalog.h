// The decoded images of a data set as one block of bytes, and the catalog that describes it.
//
// The block holds split after split, each from a page boundary on, and in a split field after field
// and tile after tile, every image [3, side, side].
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/mapped_file.h"
#include "core/data/dataset.h"
#include "core/data/split.h"
#include "core/image/scaling.h"
#include "core/spec/run_spec.h"

namespace scgan {

// Everything about a data set except its pixels.
struct ImageCatalog {
  std::string digest;
  int64_t bits = 8;                           // per channel of the files
  bool is_float = false;                      // else uint8
  ChannelRanges range{};                      // as in Dataset
  PerSplit<std::vector<std::string>> names;   // of the fields of view
  PerSplit<std::vector<uint64_t>> checksums;  // of each field's bytes
  std::string description;                    // as in DataSummary
  std::vector<std::string> notes;             // likewise
};

DataSummary summary_of(const ImageCatalog& catalog);

// The catalog as bytes. `pixels` is the key of everything that decides the pixels.
std::string to_bytes(const ImageCatalog& catalog, const std::string& pixels);

// Accepts bytes of any origin. Throws Error(kStorage) if they end early, continue after the end, or
// belong to other pixels or to another data set than `digest`.
ImageCatalog catalog_from_bytes(std::string_view bytes, const std::string& pixels,
                                const std::string& digest);

// Where the images lie in the block.
class ImageLayout {
 public:
  struct Part {
    int64_t tiles = 1;  // per side of a field
    int64_t side = 0;   // of an image
    size_t field_bytes = 0;
    size_t begin = 0;
    size_t offset(size_t field) const { return begin + field * field_bytes; }
  };

  ImageLayout(const DatasetSpec& spec, const ImageCatalog& catalog);

  const Part& operator[](Split split) const { return parts_[split]; }
  size_t end() const { return end_; }

 private:
  PerSplit<Part> parts_;
  size_t end_ = 0;
};

// The data set whose block begins at the start of a mapping. Its tensors keep the mapping alive and
// must not be written to.
Dataset dataset_of(const DatasetSpec& spec, const ImageCatalog& catalog,
                   const std::shared_ptr<const MappedFile>& mapping);

}  // namespace scgan
