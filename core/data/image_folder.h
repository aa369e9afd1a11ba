// The data kind `folders`: ROOT/trainA, trainB, testA, testB with PNG and JPEG files.
#pragma once

#include "core/data/dataset.h"
#include "core/spec/run_spec.h"

namespace scgan {

// As inspect_data and load_data of core/data/dataset.h.
DataSummary inspect_folders(const DatasetSpec& spec);
DataSet load_folders(const DatasetSpec& spec);

}  // namespace scgan
