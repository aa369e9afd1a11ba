// Where the images of a data set lie in one run of bytes: set after set, image after image, each
// set beginning on a page of memory.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "core/base/mapped_file.h"
#include "core/data/dataset.h"
#include "core/data/field_of_view.h"
#include "core/data/image_catalog.h"
#include "core/spec/run_spec.h"

namespace scgan {

class ImageLayout {
 public:
  // The first image begins at this byte.
  static constexpr size_t kBegin = 4096;

  ImageLayout(const DatasetSpec& spec, bool is_float, const std::array<int64_t, 4>& fields);

  // A field's images: tiles x tiles of them for testing, else one.
  int64_t tiles(size_t split) const { return is_training(split) ? 1 : tiles_; }
  int64_t image_side(size_t split) const { return is_training(split) ? training_side_ : size_; }
  size_t field_bytes(size_t split) const;
  size_t offset(size_t split, int64_t field) const;
  size_t end() const { return set_begin(4); }  // of all images

 private:
  size_t set_begin(size_t split) const;

  int64_t size_, training_side_, tiles_;
  size_t value_bytes_;
  std::array<int64_t, 4> fields_;
};

// The layout of the images that a catalog is of.
ImageLayout layout_of(const DatasetSpec& spec, const ImageCatalog& catalog);

// The data set whose images a mapping holds; its tensors keep the mapping alive and are not to be
// written to.
Dataset dataset_of(const DatasetSpec& spec, const ImageCatalog& catalog,
                   const std::shared_ptr<const MappedFile>& mapping);

}  // namespace scgan
