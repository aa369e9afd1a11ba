#include "core/data/image_catalog.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>
#include <fmt/format.h>

#include <charconv>
#include <system_error>
#include <utility>

#include "core/base/error.h"
#include "core/data/tiles.h"

namespace scgan {
namespace {

constexpr size_t kPage = 4096;

[[noreturn]] void refuse(const char* problem) {
  throw Error(ErrorKind::kStorage, std::string("its catalog ") + problem);
}

// Reads the items that to_bytes wrote, each as LENGTH:TEXT.
class CatalogReader {
 public:
  explicit CatalogReader(std::string_view bytes) : bytes_(bytes) {}

  std::string_view text() {
    const size_t colon = bytes_.find(':');
    if (colon == std::string_view::npos) refuse("ends early");
    const auto size = parsed<size_t>(bytes_.substr(0, colon));
    bytes_.remove_prefix(colon + 1);
    if (size > bytes_.size()) refuse("ends early");
    const std::string_view text = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return text;
  }

  template <typename Number>
  Number number() {
    return parsed<Number>(text());
  }

  bool at_end() const { return bytes_.empty(); }

 private:
  template <typename Number>
  static Number parsed(std::string_view text) {
    Number value{};
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc() || end != text.data() + text.size()) refuse("is damaged");
    return value;
  }

  std::string_view bytes_;
};

}  // namespace

DataSummary summary_of(const ImageCatalog& catalog) {
  const auto count = [&](Split split) { return static_cast<int64_t>(catalog.names[split].size()); };
  return {count(Split::kTrainA), count(Split::kTrainB), count(Split::kTestA), count(Split::kTestB),
          catalog.digest,        catalog.description,   catalog.notes};
}

std::string to_bytes(const ImageCatalog& catalog, const std::string& pixels) {
  std::string bytes;
  const auto put = [&](const auto& value) {
    const std::string text = fmt::format("{}", value);
    bytes += fmt::format("{}:{}", text.size(), text);
  };
  put(pixels);
  put(catalog.digest);
  put(catalog.bits);
  put(catalog.is_float ? 1 : 0);
  for (const auto& range : catalog.range) {
    for (const double value : range) put(value);  // the shortest text that reads as this value
  }
  for (const Split split : kSplits) {
    put(catalog.names[split].size());
    for (const std::string& name : catalog.names[split]) put(name);
    for (const uint64_t checksum : catalog.checksums[split]) put(checksum);
  }
  put(catalog.description);
  put(catalog.notes.size());
  for (const std::string& note : catalog.notes) put(note);
  return bytes;
}

ImageCatalog catalog_from_bytes(std::string_view bytes, const std::string& pixels,
                                const std::string& digest) {
  CatalogReader in(bytes);
  ImageCatalog catalog;
  const bool same_pixels = in.text() == pixels;
  catalog.digest = in.text();
  if (!same_pixels || catalog.digest != digest) refuse("belongs to another data set");
  catalog.bits = in.number<int64_t>();
  catalog.is_float = in.number<int>() != 0;
  for (auto& range : catalog.range) {
    for (double& value : range) value = in.number<double>();
  }
  for (const Split split : kSplits) {
    const auto count = in.number<uint64_t>();  // not trusted: every item is read before it is kept
    for (uint64_t i = 0; i < count; ++i) catalog.names[split].emplace_back(in.text());
    for (uint64_t i = 0; i < count; ++i) {
      catalog.checksums[split].push_back(in.number<uint64_t>());
    }
  }
  catalog.description = in.text();
  const auto notes = in.number<uint64_t>();
  for (uint64_t i = 0; i < notes; ++i) catalog.notes.emplace_back(in.text());
  if (!in.at_end()) refuse("continues after its end");
  return catalog;
}

ImageLayout::ImageLayout(const DatasetSpec& spec, const ImageCatalog& catalog) {
  for (const Split split : kSplits) {
    Part& part = parts_[split];
    part.tiles = is_training(split) ? 1 : spec.tiles;
    part.side = is_training(split) ? training_side(spec) : spec.image_size;
    const auto whole = static_cast<size_t>(part.tiles * part.side);
    part.field_bytes = 3 * whole * whole * (catalog.is_float ? sizeof(float) : sizeof(uint8_t));
    part.begin = end_;
    end_ = (part.offset(catalog.names[split].size()) + kPage - 1) / kPage * kPage;
  }
}

Dataset dataset_of(const DatasetSpec& spec, const ImageCatalog& catalog,
                   const std::shared_ptr<const MappedFile>& mapping) {
  const ImageLayout layout(spec, catalog);
  Dataset data;
  data.digest = catalog.digest;
  data.bits = catalog.bits;
  data.range = catalog.range;
  for (const auto& [split, set] : {std::pair{Split::kTrainA, &data.train_a},
                                   {Split::kTrainB, &data.train_b},
                                   {Split::kTestA, &data.test_a},
                                   {Split::kTestB, &data.test_b}}) {
    const ImageLayout::Part& part = layout[split];
    for (const std::string& name : catalog.names[split]) {
      append_tile_names(name, part.tiles, set->names);
    }
    // from_blob takes no const pointer; nobody writes to a data set.
    set->images = at::from_blob(
        const_cast<std::byte*>(mapping->data() + part.begin),
        {static_cast<int64_t>(set->names.size()), 3, part.side, part.side}, [mapping](void*) {},
        at::dtype(catalog.is_float ? at::kFloat : at::kByte));
  }
  return data;
}

}  // namespace scgan
