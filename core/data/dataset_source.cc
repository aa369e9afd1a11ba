#include "core/data/dataset_source.h"

#include <utility>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/mapped_file.h"
#include "core/data/image_builder.h"
#include "core/data/image_folder.h"
#include "core/data/manifest.h"
#include "core/data/synthetic_cells.h"

namespace scgan {
namespace {

DataSummary synthetic_summary(const DatasetSpec& spec) {
  const SyntheticSpec& cells = spec.synthetic;
  const int64_t tests =
      spec.test_split == TestSplit::kTrain ? cells.train_images : cells.test_images;
  return {cells.train_images, cells.train_images, tests, tests, synthetic_digest(spec), {}, {}};
}

Dataset synthetic_data(const DatasetSpec& spec) {
  Dataset data;
  data.train_a = synthetic_set(spec, Split::kTrainA);
  data.train_b = synthetic_set(spec, Split::kTrainB);
  data.test_a = synthetic_set(spec, Split::kTestA);
  data.test_b = synthetic_set(spec, Split::kTestB);
  data.digest = synthetic_digest(spec);
  data.range.fill({0, 255});
  data.known_change = true;
  return data;
}

void warn_of_no_cache(const Error& problem) {
  log::warn("decoded images cannot be kept for later: {}", problem.what());
}

}  // namespace

// A new kind of files is a function like list_folder_fields and a case here.
std::vector<FieldOfView> list_fields(const DatasetSpec& spec) {
  std::vector<FieldOfView> fields =
      spec.kind == DataKind::kManifest ? list_manifest_fields(spec) : list_folder_fields(spec);
  if (spec.test_split == TestSplit::kTest) return fields;
  const std::vector<FieldOfView> training = fields;
  for (FieldOfView field : training) {
    field.split = test_split_of(field.split);
    fields.push_back(std::move(field));
  }
  return fields;
}

DatasetSource::DatasetSource(DatasetSpec spec, const std::filesystem::path& cache_folder)
    : spec_(std::move(spec)), cache_folder_(cache_folder) {
  if (!cache_folder.empty()) cache_.emplace(cache_folder, spec_);
}

DataSummary DatasetSource::inspect() const {
  if (spec_.kind == DataKind::kSynthetic) return synthetic_summary(spec_);
  const std::vector<FieldOfView> fields = list_fields(spec_);
  if (cache_) {
    auto digest = cache_->known(cache_->sources_key(fields));
    if (!digest) digest = cache_->digest_by_content(fields);
    auto opened = digest ? cache_->open(*digest) : std::nullopt;
    if (opened) return std::move(opened->summary);
  }
  return summary_of(build_images(spec_, fields, nullptr));
}

DataSummary DatasetSource::prepare() {
  if (spec_.kind == DataKind::kSynthetic || !cache_) return inspect();
  prepared_ = prepared(list_fields(spec_));
  return prepared_->summary;
}

void DatasetSource::publish() {
  if (!prepared_) return;
  publish(*prepared_);
  kept_open_ = std::move(prepared_->data);
  prepared_.reset();
}

Dataset DatasetSource::load() const {
  if (spec_.kind == DataKind::kSynthetic) return synthetic_data(spec_);
  if (cache_) {
    if (auto data = load_with_cache()) return *std::move(data);
  }
  const TemporaryFile memory = TemporaryFile::in_memory();
  return mapped(memory, build_images(spec_, list_fields(spec_), &memory));
}

// nullopt if there is no space on disk.
std::optional<Dataset> DatasetSource::load_with_cache() const {
  if (!spec_.digest.empty()) {
    if (auto opened = cache_->open(spec_.digest)) return std::move(opened->data);
  }
  Prepared found = prepared(list_fields(spec_));
  publish(found);
  if (found.data) return std::move(found.data);
  if (found.decoded) return mapped(found.decoded->file, found.decoded->catalog);
  return std::nullopt;
}

DatasetSource::Prepared DatasetSource::prepared(const std::vector<FieldOfView>& fields) const {
  // Of the files before they are read: a change during the reading is noticed at the next start.
  const std::optional<std::string> sources = cache_->sources_key(fields);
  auto digest = cache_->known(sources);
  if (!digest) digest = cache_->digest_by_content(fields);
  auto opened = digest ? cache_->open(*digest) : std::nullopt;
  if (opened) {
    return {std::move(opened->summary), sources, std::nullopt, std::move(opened->data)};
  }
  if (auto decoded = decode_to_disk(fields)) {
    DataSummary summary = summary_of(decoded->catalog);
    return {std::move(summary), sources, std::move(decoded), std::nullopt};
  }
  return {summary_of(build_images(spec_, fields, nullptr)), std::nullopt, std::nullopt,
          std::nullopt};
}

// nullopt, with a warning, if there is no space on disk.
std::optional<DatasetSource::Decoded> DatasetSource::decode_to_disk(
    const std::vector<FieldOfView>& fields) const {
  try {
    TemporaryFile file = TemporaryFile::in_folder(cache_folder_);
    ImageCatalog catalog = build_images(spec_, fields, &file);
    return Decoded{std::move(file), std::move(catalog)};
  } catch (const Error& problem) {
    if (problem.kind() != ErrorKind::kStorage) throw;
    warn_of_no_cache(problem);
    return std::nullopt;
  }
}

void DatasetSource::publish(const Prepared& prepared) const {
  try {
    if (prepared.decoded) cache_->publish(prepared.decoded->file, prepared.decoded->catalog);
    cache_->publish(prepared.summary.digest, prepared.sources);
  } catch (const Error& problem) {
    warn_of_no_cache(problem);
  }
}

Dataset DatasetSource::mapped(const TemporaryFile& file, const ImageCatalog& catalog) const {
  const size_t bytes = ImageLayout(spec_, catalog).end();
  return dataset_of(spec_, catalog, MappedFile::of(file.descriptor(), bytes, file.place()));
}

}  // namespace scgan
