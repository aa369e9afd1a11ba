// From files to the images of a data set: every file is read once and decoded once, on all cores.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "core/base/temporary_file.h"
#include "core/data/field_of_view.h"
#include "core/data/image_layout.h"
#include "core/spec/run_spec.h"

namespace scgan {

// Where the images go, placed as image_layout.h says.
struct ImageSink {
  const TemporaryFile* pixels = nullptr;  // null: the data set is only checked
  // Scaling by percentiles sees images twice: in between they are on disk beside this folder, or,
  // without one, are decoded again.
  std::optional<std::filesystem::path> spool_folder;
};

// Throws Error(kData) with all problems of the data set (see inspect_data), Error(kStorage) when
// the sink cannot be written.
ImageCatalog build_images(const DatasetSpec& spec, const std::vector<FieldOfView>& fields,
                          const ImageSink& sink);

}  // namespace scgan
