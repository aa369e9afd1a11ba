// From files to the images of a data set: every file is read once and decoded once, on all cores.
#pragma once

#include <vector>

#include "core/base/temporary_file.h"
#include "core/data/field_of_view.h"
#include "core/data/image_catalog.h"
#include "core/spec/run_spec.h"

namespace scgan {

// Writes the block of images (image_catalog.h) to `images`; nullptr only checks the data set.
//
// Scaling by percentiles needs every image twice: in between, the decoded images are on disk beside
// `images`; if that file is in memory or the disk is full, they are decoded again.
//
// Throws Error(kData) with all problems of the data set (see DatasetSource::inspect), and
// Error(kStorage) if `images` cannot be written.
ImageCatalog build_images(const DatasetSpec& spec, const std::vector<FieldOfView>& fields,
                          const TemporaryFile* images);

}  // namespace scgan
