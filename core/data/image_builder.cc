#include "core/data/image_builder.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

#include "core/base/checksum.h"
#include "core/base/error.h"
#include "core/base/parallel_for.h"
#include "core/base/problems.h"
#include "core/base/sha256.h"
#include "core/image/raw_image.h"
#include "core/image/raw_spool.h"
#include "core/image/resize.h"
#include "core/image/scaling.h"

namespace scgan {
namespace {

// Cuts an image into tiles x tiles images of `side` pixels, row by row, each [3, side, side].
template <typename T>
std::vector<T> cut(const at::Tensor& image, int64_t tiles, int64_t side) {
  std::vector<T> cut(static_cast<size_t>(image.numel()));
  const T* from = image.const_data_ptr<T>();
  for (int64_t line = 0; line < 3 * tiles * side; ++line) {
    const int64_t channel = line / (tiles * side);
    const int64_t y = line % (tiles * side);
    for (int64_t column = 0; column < tiles; ++column, from += side) {
      const int64_t tile = y / side * tiles + column;
      T* to = cut.data() + ((tile * 3 + channel) * side + y % side) * side;
      // Resizing a float image may overshoot; grey levels end at 0 and 255.
      std::transform(from, from + side, to,
                     [](T level) { return std::clamp(level, T{0}, T{255}); });
    }
  }
  return cut;
}

class Builder {
 public:
  Builder(const DatasetSpec& spec, const std::vector<FieldOfView>& fields, const ImageSink& sink)
      : spec_(spec),
        fields_(fields),
        sink_(sink),
        stretch_(spec.scaling == Scaling::kPercentile),
        spool_(fields.size(), stretch_ ? sink.spool_folder : std::nullopt) {
    for (const FieldOfView& field : fields) catalog_.names[field.split].push_back(field.name);
    for (size_t s = 0; s < 4; ++s) catalog_.checksums[s].resize(catalog_.names[s].size());
  }

  ImageCatalog build() {
    std::vector<std::string> problems(fields_.size());
    const size_t first = read_reference(problems);
    begin();
    RawHistogram histogram(reference_.bits);
    read_all(first, histogram, problems);
    throw_if_any(problems);
    catalog_.digest = digest();
    if (stretch_) stretch(histogram);
    return std::move(catalog_);
  }

 private:
  // Runs `work`, and keeps what is wrong with the data.
  static void note(std::string& problem, const FieldOfView& field,
                   const std::function<void()>& work) {
    try {
      work();
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kData) throw;
      problem = field.origin + error.what();
    }
  }

  // Reads on to the first good field, which tells the depth of all; returns its index.
  size_t read_reference(std::vector<std::string>& problems) {
    size_t index = 0;
    for (; index < fields_.size(); ++index) {
      note(problems[index], fields_[index], [&] {
        reference_image_ = read_raw_image(fields_[index].files);
        reference_ = {first_file(fields_[index].files), reference_image_->bits};
      });
      if (reference_image_) break;
    }
    return index;
  }

  void begin() {
    catalog_.is_float = stretch_ || reference_.bits != 8;
    catalog_.range = full_range(reference_.bits);
    layout_.emplace(layout_of(spec_, catalog_));
    digests_.resize(fields_.size());
    if (sink_.pixels != nullptr && reference_image_) sink_.pixels->reserve(layout_->end());
  }

  void read_all(size_t first, RawHistogram& histogram, std::vector<std::string>& problems) {
    parallel_for(fields_.size() - first, [&](size_t offset) {
      const size_t i = first + offset;
      note(problems[i], fields_[i], [&] {
        const RawImage raw = offset == 0 ? *std::exchange(reference_image_, std::nullopt)
                                         : read_raw_image(fields_[i].files);
        check_raw_image(fields_[i].files, raw, reference_, spec_);
        digests_[i] = raw.digest;
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
    if (sink_.pixels == nullptr) return;
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
    if (sink_.pixels == nullptr) return;
    const int64_t tiles = layout_->tiles(field.split);
    const int64_t side = tiles * layout_->image_side(field.split);
    const at::Tensor levels = catalog_.is_float
                                  ? scale_to_grey_levels(raw.pixels, catalog_.range, raw.present)
                                  : raw.pixels;
    const at::Tensor resized = resize_bicubic(levels, side, side).contiguous();
    if (catalog_.is_float) {
      write(field, cut<float>(resized, tiles, side / tiles));
    } else {
      write(field, cut<uint8_t>(resized, tiles, side / tiles));
    }
  }

  template <typename T>
  void write(const FieldOfView& field, const std::vector<T>& images) {
    const size_t bytes = images.size() * sizeof(T);
    catalog_.checksums[field.split][static_cast<size_t>(field.index)] =
        checksum(images.data(), bytes);
    sink_.pixels->write_at(layout_->offset(field.split, field.index), images.data(), bytes);
  }

  std::string digest() const {
    Sha256 all;
    for (size_t i = 0; i < fields_.size(); ++i) {
      all.update(fmt::format("{} {}\n", fields_[i].label, digests_[i]));
    }
    return all.hex();
  }

  const DatasetSpec& spec_;
  const std::vector<FieldOfView>& fields_;
  const ImageSink& sink_;
  bool stretch_;
  RawSpool spool_;
  std::optional<RawImage> reference_image_;
  DepthReference reference_;
  std::optional<ImageLayout> layout_;
  std::vector<std::string> digests_;
  ImageCatalog catalog_;
};

}  // namespace

ImageCatalog build_images(const DatasetSpec& spec, const std::vector<FieldOfView>& fields,
                          const ImageSink& sink) {
  return Builder(spec, fields, sink).build();
}

}  // namespace scgan
