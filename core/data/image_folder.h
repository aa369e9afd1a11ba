// Folders of images; the data kind `folders`: ROOT/trainA, trainB, testA, testB with PNG, JPEG and
// TIFF files.
#pragma once

#include <filesystem>
#include <vector>

#include "core/data/field_of_view.h"
#include "core/data/skipped_files.h"
#include "core/spec/run_spec.h"

namespace scgan {

struct ImageList {
  std::vector<std::filesystem::path> files;  // sorted by name
  SkippedFiles skipped;
};

// PNG, JPEG and TIFF files of a folder, by extension; hidden files are ignored.
// Throws Error(kData) when the folder cannot be read or has no image.
ImageList list_images(const std::filesystem::path& folder);

// The fields of the data set, split by split, sorted by name, no split empty; with data.test_split
// train, those of the training splits only. Throws Error(kData) with all problems.
std::vector<FieldOfView> list_folder_fields(const DatasetSpec& spec);

// What the folders of a data set hold besides its images: one entry per folder that holds something
// worth a word. Empty for other kinds of data, and for folders that cannot be read.
std::vector<SkippedFiles> skipped_files(const DatasetSpec& spec);

}  // namespace scgan
