// Folders of images; the data kind `folders`: ROOT/trainA, trainB, testA, testB with PNG, JPEG and
// TIFF files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "core/data/field_of_view.h"
#include "core/spec/run_spec.h"

namespace scgan {

struct ImageList {
  std::vector<std::filesystem::path> files;  // sorted by name
  int64_t others = 0;                        // files with another extension
};

// PNG, JPEG and TIFF files of a folder, by extension; hidden files and subfolders are ignored.
// Throws Error(kData) when the folder cannot be read or has no image.
ImageList list_images(const std::filesystem::path& folder);

// Like list_fields of core/data/field_of_view.h.
std::vector<FieldOfView> list_folder_fields(const DatasetSpec& spec);

}  // namespace scgan
