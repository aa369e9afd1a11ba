// The data kind `folders`: ROOT/trainA, trainB, testA, testB with PNG, JPEG and TIFF files.
#pragma once

#include <vector>

#include "core/data/field.h"
#include "core/spec/run_spec.h"

namespace scgan {

// As list_fields of core/data/field.h, of the folders that are listed.
std::vector<Field> list_folder_fields(const DatasetSpec& spec);

}  // namespace scgan
