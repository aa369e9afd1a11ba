#include "core/data/image_layout.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>
#include <fmt/format.h>

namespace scgan {
namespace {

constexpr size_t kPage = 4096;

size_t whole_pages(size_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }

}  // namespace

ImageLayout::ImageLayout(const DatasetSpec& spec, bool is_float,
                         const std::array<int64_t, 4>& fields)
    : size_(spec.image_size),
      training_side_(training_side(spec)),
      tiles_(spec.tiles),
      value_bytes_(is_float ? sizeof(float) : sizeof(uint8_t)),
      fields_(fields) {}

size_t ImageLayout::field_bytes(size_t split) const {
  const int64_t side = image_side(split);
  return static_cast<size_t>(tiles(split) * tiles(split) * 3 * side * side) * value_bytes_;
}

size_t ImageLayout::offset(size_t split, int64_t field) const {
  return set_begin(split) + static_cast<size_t>(field) * field_bytes(split);
}

size_t ImageLayout::set_begin(size_t split) const {
  size_t begin = kBegin;
  for (size_t before = 0; before < split; ++before) {
    begin += whole_pages(static_cast<size_t>(fields_[before]) * field_bytes(before));
  }
  return begin;
}

ImageLayout layout_of(const DatasetSpec& spec, const ImageCatalog& catalog) {
  std::array<int64_t, 4> fields{};
  for (size_t split = 0; split < 4; ++split) {
    fields[split] = static_cast<int64_t>(catalog.names[split].size());
  }
  return {spec, catalog.is_float, fields};
}

Dataset dataset_of(const DatasetSpec& spec, const ImageCatalog& catalog,
                   const std::shared_ptr<const MappedFile>& mapping) {
  const ImageLayout layout = layout_of(spec, catalog);
  Dataset data;
  data.digest = catalog.digest;
  data.range = catalog.range;
  const std::array<ImageSet*, 4> sets{&data.train_a, &data.train_b, &data.test_a, &data.test_b};
  for (size_t split = 0; split < sets.size(); ++split) {
    const int64_t tiles = layout.tiles(split);
    const int64_t side = layout.image_side(split);
    const auto fields = static_cast<int64_t>(catalog.names[split].size());
    // from_blob takes no const; nobody writes to a data set.
    void* images = const_cast<std::byte*>(mapping->data() + layout.offset(split, 0));
    sets[split]->images = at::from_blob(
        images, {fields * tiles * tiles, 3, side, side}, [mapping](void*) {},
        at::dtype(catalog.is_float ? at::kFloat : at::kByte));
    for (const std::string& name : catalog.names[split]) {
      for (int64_t tile = 0; tile < tiles * tiles; ++tile) {
        sets[split]->names.push_back(
            tiles == 1 ? name : fmt::format("{}-{}-{}", name, tile / tiles, tile % tiles));
      }
    }
  }
  return data;
}

}  // namespace scgan
