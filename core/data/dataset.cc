#include "core/data/dataset.h"

#include "core/data/image_folder.h"
#include "core/data/synthetic_cells.h"

namespace scgan {
int64_t training_side(const DatasetSpec& spec) {
  if (!spec.crop) return spec.image_size;
  RunSpec run;
  run.data = spec;
  resolve_defaults(run);
  return run.data.load_size;
}

DataSummary inspect_data(const DatasetSpec& spec) {
  if (spec.kind == DataKind::kFolders) return inspect_folders(spec);
  const SyntheticSpec& cells = spec.synthetic;
  return {cells.train_images, cells.train_images, cells.test_images, cells.test_images,
          synthetic_digest(spec)};
}

DataSet load_data(const DatasetSpec& spec) {
  if (spec.kind == DataKind::kFolders) return load_folders(spec);
  DataSet data;
  data.train_a = synthetic_set(spec, 0, 0);
  data.train_b = synthetic_set(spec, 1, 0);
  data.test_a = synthetic_set(spec, 0, 1);
  data.test_b = synthetic_set(spec, 1, 1);
  data.digest = synthetic_digest(spec);
  data.range.fill({0, 255});
  return data;
}

}  // namespace scgan
