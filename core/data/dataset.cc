#include "core/data/dataset.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/base/sha256.h"
#include "core/data/image_folder.h"
#include "core/data/on_all_cores.h"
#include "core/data/synthetic_cells.h"

namespace scgan {
namespace {

std::string synthetic_digest(const SyntheticSpec& spec, int64_t size) {
  return sha256_hex(fmt::format("synthetic cells v{}, {} train, {} test, seed {}, {} px",
                                kSyntheticVersion, spec.train_images, spec.test_images, spec.seed,
                                size));
}

// Drawn at the size that training takes, so that nothing is resized: as a folder's images, the
// cells of a crop are larger than those of a test image.
ImageSet synthetic_set(const DatasetSpec& spec, int domain, int split) {
  const int64_t count = split == 0 ? spec.synthetic.train_images : spec.synthetic.test_images;
  const int64_t side = split == 0 ? training_side(spec) : spec.image_size;
  std::vector<at::Tensor> images(static_cast<size_t>(count));
  on_all_cores(images.size(), [&](size_t i) {
    images[i] = synthetic_image(spec.synthetic, domain, split, static_cast<int64_t>(i), side);
  });
  ImageSet set;
  set.images = at::stack(images);
  for (int64_t i = 0; i < count; ++i) {
    set.names.push_back(fmt::format("{}-{:05}", domain == 0 ? 'a' : 'b', i));
  }
  return set;
}

}  // namespace

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
          synthetic_digest(cells, spec.image_size)};
}

DataSet load_data(const DatasetSpec& spec) {
  if (spec.kind == DataKind::kFolders) return load_folders(spec);
  DataSet data;
  data.train_a = synthetic_set(spec, 0, 0);
  data.train_b = synthetic_set(spec, 1, 0);
  data.test_a = synthetic_set(spec, 0, 1);
  data.test_b = synthetic_set(spec, 1, 1);
  data.digest = synthetic_digest(spec.synthetic, spec.image_size);
  data.range.fill({0, 255});
  return data;
}

}  // namespace scgan
