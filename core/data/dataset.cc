#include "core/data/dataset.h"

#include <optional>
#include <utility>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/mapped_file.h"
#include "core/base/temporary_file.h"
#include "core/data/data_cache.h"
#include "core/data/field_of_view.h"
#include "core/data/image_builder.h"
#include "core/data/image_layout.h"
#include "core/data/synthetic_cells.h"

namespace scgan {

struct BuiltImages {
  TemporaryFile file;
  ImageCatalog catalog;
};

namespace {

namespace fs = std::filesystem;

DataSummary synthetic_summary(const DatasetSpec& spec) {
  const SyntheticSpec& cells = spec.synthetic;
  const int64_t tests =
      spec.test_split == TestSplit::kTrain ? cells.train_images : cells.test_images;
  return {cells.train_images, cells.train_images, tests, tests, synthetic_digest(spec)};
}

Dataset synthetic_data(const DatasetSpec& spec) {
  Dataset data;
  data.train_a = synthetic_set(spec, 0, 0);
  data.train_b = synthetic_set(spec, 1, 0);
  data.test_a = synthetic_set(spec, 0, 1);
  data.test_b = synthetic_set(spec, 1, 1);
  data.digest = synthetic_digest(spec);
  data.range.fill({0, 255});
  data.known_change = true;
  return data;
}

DataSummary summary_of(const std::vector<FieldOfView>& fields, const std::string& digest) {
  return {count_of(fields, 0), count_of(fields, 1), count_of(fields, 2), count_of(fields, 3),
          digest};
}

// nullopt, with a warning, when there is no place on disk.
std::optional<BuiltImages> build_on_disk(const DatasetSpec& spec,
                                         const std::vector<FieldOfView>& fields,
                                         const fs::path& cache_folder) {
  try {
    TemporaryFile file = TemporaryFile::in_folder(cache_folder);
    ImageCatalog catalog = build_images(spec, fields, {&file, cache_folder});
    write_catalog(file, spec, catalog);
    return BuiltImages{std::move(file), std::move(catalog)};
  } catch (const Error& problem) {
    if (problem.kind() != ErrorKind::kStorage) throw;
    log::warn("decoded images cannot be kept for later: {}", problem.what());
    return std::nullopt;
  }
}

void publish_or_warn(const BuiltImages& built, const DatasetSpec& spec,
                     const fs::path& cache_folder, const std::string& sources,
                     const DataSummary& summary) {
  try {
    DataCache(cache_folder).publish(built.file, spec, sources, summary);
  } catch (const Error& problem) {
    log::warn("decoded images cannot be kept for later: {}", problem.what());
  }
}

Dataset dataset_of(const DatasetSpec& spec, const BuiltImages& built) {
  const size_t bytes = layout_of(spec, built.catalog).end();
  return dataset_of(spec, built.catalog,
                    MappedFile::of(built.file.descriptor(), bytes, built.file.place()));
}

}  // namespace

DataSummary inspect_data(const DatasetSpec& spec, const fs::path& cache_folder) {
  if (spec.kind == DataKind::kSynthetic) return synthetic_summary(spec);
  const std::vector<FieldOfView> fields = list_fields(spec);
  if (!cache_folder.empty()) {
    if (auto known = DataCache(cache_folder).known(sources_key(spec, fields))) return *known;
  }
  return summary_of(fields, build_images(spec, fields, {}).digest);
}

struct PreparedData::Images {
  DatasetSpec spec;
  fs::path cache_folder;
  std::string sources;
  BuiltImages built;
};

PreparedData::PreparedData() = default;
PreparedData::PreparedData(PreparedData&&) noexcept = default;
PreparedData& PreparedData::operator=(PreparedData&&) noexcept = default;
PreparedData::~PreparedData() = default;

void PreparedData::publish() {
  if (!images_) return;
  publish_or_warn(images_->built, images_->spec, images_->cache_folder, images_->sources, summary_);
  images_.reset();
}

PreparedData prepare_data(const DatasetSpec& spec, const fs::path& cache_folder) {
  PreparedData prepared;
  if (spec.kind == DataKind::kSynthetic || cache_folder.empty()) {
    prepared.summary_ = inspect_data(spec);
    return prepared;
  }
  const DataCache cache(cache_folder);
  const std::vector<FieldOfView> fields = list_fields(spec);
  const std::string sources = sources_key(spec, fields);  // as they are before they are read
  if (auto known = cache.known(sources); known && cache.open(spec, known->digest)) {
    prepared.summary_ = *known;
  } else if (auto built = build_on_disk(spec, fields, cache_folder)) {
    prepared.summary_ = summary_of(fields, built->catalog.digest);
    prepared.images_ = std::make_unique<PreparedData::Images>(
        PreparedData::Images{spec, cache_folder, sources, *std::move(built)});
  } else {
    prepared.summary_ = summary_of(fields, build_images(spec, fields, {}).digest);
  }
  return prepared;
}

Dataset load_data(const DatasetSpec& spec, const fs::path& cache_folder) {
  if (spec.kind == DataKind::kSynthetic) return synthetic_data(spec);
  const DataCache cache(cache_folder);
  if (!cache_folder.empty() && !spec.digest.empty()) {
    if (auto data = cache.open(spec, spec.digest)) return *std::move(data);
  }
  const std::vector<FieldOfView> fields = list_fields(spec);
  if (!cache_folder.empty()) {
    const std::string sources = sources_key(spec, fields);
    const auto known = spec.digest.empty() ? cache.known(sources) : std::nullopt;
    if (known) {
      if (auto data = cache.open(spec, known->digest)) return *std::move(data);
    }
    if (const auto built = build_on_disk(spec, fields, cache_folder)) {
      publish_or_warn(*built, spec, cache_folder, sources,
                      summary_of(fields, built->catalog.digest));
      return dataset_of(spec, *built);
    }
  }
  TemporaryFile memory = TemporaryFile::in_memory();
  ImageCatalog catalog = build_images(spec, fields, {&memory, std::nullopt});
  return dataset_of(spec, {std::move(memory), std::move(catalog)});
}

}  // namespace scgan
