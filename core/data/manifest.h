// The data kind `manifest`: a CSV file that names the image files, one field of view per row.
//
// Columns: `split` (train or test), `domain` (A or B), and either `file` or all of `red`, `green`
// and `blue`, each a file with one grey channel, where an empty cell is a black channel; optional
// `name` for what is made of the row, by default the first file's name without extension. Other
// columns and rows of empty cells are ignored, and so are the files of test rows with
// data.test_split train. Relative paths begin at data.root or, without it, at the CSV's folder.
#pragma once

#include <filesystem>
#include <vector>

#include "core/data/field_of_view.h"
#include "core/spec/run_spec.h"

namespace scgan {

// Like list_folder_fields of core/data/image_folder.h; the order of the rows does not matter.
// Problems are located as FILE:LINE. Two rows of a split must not have the same name or the same
// files.
std::vector<FieldOfView> list_manifest_fields(const DatasetSpec& spec);

// The rows of one split; there need not be others.
std::vector<FieldOfView> list_manifest_split(const std::filesystem::path& manifest, Split split);

}  // namespace scgan
