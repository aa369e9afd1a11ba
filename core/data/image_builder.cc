#include "core/data/image_builder.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "core/base/checksum.h"
#include "core/base/error.h"
#include "core/base/parallel_for.h"
#include "core/base/problems.h"
#include "core/data/data_notes.h"
#include "core/data/shape_notes.h"
#include "core/data/tiles.h"
#include "core/image/raw_image.h"
#include "core/image/raw_spool.h"
#include "core/image/resize.h"
#include "core/image/scaling.h"

namespace scgan {
namespace {

class Builder {
 public:
  Builder(const DatasetSpec& spec, const std::vector<FieldOfView>& fields,
          const TemporaryFile* images)
      : spec_(spec),
        fields_(fields),
        images_(images),
        stretch_(spec.scaling == Scaling::kPercentile),
        spool_(fields.size(), stretch_ && images != nullptr && images->on_disk()
                                  ? std::optional(images->place())
                                  : std::nullopt) {
    for (const FieldOfView& field : fields) {
      catalog_.names[field.split].push_back(field.name);
      catalog_.checksums[field.split].push_back(0);
    }
  }

  ImageCatalog build() {
    std::vector<std::string> problems(fields_.size());
    const size_t first = read_reference(problems);
    begin();
    RawHistogram histogram(reference_bits_);
    read_all(first, histogram, problems);
    add_depth_problems(fields_, facts_, problems);
    throw_if_any(problems);
    catalog_.digest = data_digest(fields_, digests_);
    catalog_.description = description_of(facts_);
    catalog_.notes = data_notes(spec_, fields_, facts_);
    if (stretch_) stretch(histogram);
    return std::move(catalog_);
  }

 private:
  // Runs `work` and stores the problem if the data is bad.
  static void note(std::string& problem, const FieldOfView& field,
                   const std::function<void()>& work) {
    try {
      work();
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kData) throw;
      problem = field.origin + error.what();
    }
  }

  // Reads up to the first good field, whose depth the others should have; returns its index.
  size_t read_reference(std::vector<std::string>& problems) {
    size_t index = 0;
    for (; index < fields_.size(); ++index) {
      note(problems[index], fields_[index], [&] {
        reference_image_ = read_raw_image(fields_[index].files);
        reference_bits_ = reference_image_->bits;
      });
      if (reference_image_) break;
    }
    return index;
  }

  void begin() {
    catalog_.bits = reference_bits_;
    catalog_.is_float = stretch_ || reference_bits_ != 8;
    catalog_.range = full_range(reference_bits_);
    layout_.emplace(spec_, catalog_);
    digests_.resize(fields_.size());
    facts_.resize(fields_.size());
    if (images_ != nullptr && reference_image_) images_->reserve(layout_->end());
  }

  void read_all(size_t first, RawHistogram& histogram, std::vector<std::string>& problems) {
    parallel_for(fields_.size() - first, [&](size_t offset) {
      const size_t i = first + offset;
      note(problems[i], fields_[i], [&] {
        const RawImage raw = offset == 0 ? *std::exchange(reference_image_, std::nullopt)
                                         : read_raw_image(fields_[i].files);
        digests_[i] = raw.digest;
        facts_[i] = facts_of(raw);
        check_raw_image(fields_[i].files, raw, spec_);
        if (raw.bits != reference_bits_) return;  // add_depth_problems() reports it
        if (!stretch_) {
          place(fields_[i], raw);
        } else {
          spool_.put(i, raw);
          if (is_training(fields_[i].split)) histogram.add(raw.pixels, raw.present);
        }
      });
    });
  }

  void stretch(RawHistogram& histogram) {
    while (histogram.needs_another_pass(spec_.percentile_low, spec_.percentile_high)) {
      parallel_for(fields_.size(), [&](size_t i) {
        if (!is_training(fields_[i].split)) return;
        const RawImage raw = again(i);
        histogram.add(raw.pixels, raw.present);
      });
    }
    catalog_.range = histogram.percentiles(spec_.percentile_low, spec_.percentile_high);
    if (images_ == nullptr) return;
    parallel_for(fields_.size(), [&](size_t i) { place(fields_[i], again(i)); });
  }

  RawImage again(size_t i) const {
    if (auto kept = spool_.get(i)) return *std::move(kept);
    RawImage raw = read_raw_image(fields_[i].files);
    if (raw.digest != digests_[i]) {
      throw Error(ErrorKind::kData,
                  fmt::format("{}{}: was changed while it was being read", fields_[i].origin,
                              first_file(fields_[i].files).string()));
    }
    return raw;
  }

  void place(const FieldOfView& field, const RawImage& raw) {
    if (images_ == nullptr) return;
    const ImageLayout::Part& part = (*layout_)[field.split];
    const int64_t side = part.tiles * part.side;
    const at::Tensor levels = catalog_.is_float
                                  ? scale_to_grey_levels(raw.pixels, catalog_.range, raw.present)
                                  : raw.pixels;
    const at::Tensor resized = resize_bicubic(levels, side, side).contiguous();
    if (catalog_.is_float) {
      write<float>(field, resized);
    } else {
      write<uint8_t>(field, resized);
    }
  }

  template <typename Value>
  void write(const FieldOfView& field, const at::Tensor& image) {
    const ImageLayout::Part& part = (*layout_)[field.split];
    const auto index = static_cast<size_t>(field.index);
    std::vector<Value> tiles(static_cast<size_t>(image.numel()));
    cut_tiles(image, part.tiles, tiles.data());
    catalog_.checksums[field.split][index] = checksum(tiles.data(), part.field_bytes);
    images_->write_at(part.offset(index), tiles.data(), part.field_bytes);
  }

  const DatasetSpec& spec_;
  const std::vector<FieldOfView>& fields_;
  const TemporaryFile* images_;
  bool stretch_;
  RawSpool spool_;
  std::optional<RawImage> reference_image_;
  int64_t reference_bits_ = 8;
  std::optional<ImageLayout> layout_;
  std::vector<std::string> digests_;
  std::vector<ImageFacts> facts_;
  ImageCatalog catalog_;
};

}  // namespace

ImageCatalog build_images(const DatasetSpec& spec, const std::vector<FieldOfView>& fields,
                          const TemporaryFile* images) {
  return Builder(spec, fields, images).build();
}

}  // namespace scgan
