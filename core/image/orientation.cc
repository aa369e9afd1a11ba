#include "core/image/orientation.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <cstddef>
#include <cstdint>

namespace scgan {
namespace {

constexpr uint32_t kOrientationTag = 0x0112;
constexpr uint32_t kShort = 3;
constexpr uint32_t kLong = 4;

// Numbers of a TIFF structure; 0 where it has ended.
class ExifNumbers {
 public:
  explicit ExifNumbers(std::string_view bytes) : bytes_(bytes), big_(bytes.starts_with("MM")) {}

  uint32_t at(size_t place, size_t count) const {
    if (place > bytes_.size() || count > bytes_.size() - place) return 0;
    uint32_t number = 0;
    for (size_t i = 0; i < count; ++i) {
      const auto byte = static_cast<unsigned char>(bytes_[place + (big_ ? i : count - 1 - i)]);
      number = number << 8 | byte;
    }
    return number;
  }

 private:
  std::string_view bytes_;
  bool big_;
};

template <typename Value>
void turn(const at::Tensor& image, at::Tensor& result, int orientation) {
  const bool transposed = is_transposed(orientation);
  const bool lines_backwards =
      orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  const bool columns_backwards =
      orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const int64_t height = image.size(1);
  const int64_t width = image.size(2);
  const auto* from = image.const_data_ptr<Value>();
  auto* to = result.mutable_data_ptr<Value>();
  for (int64_t channel = 0; channel < 3; ++channel, from += height * width) {
    for (int64_t y = 0; y < result.size(1); ++y) {
      for (int64_t x = 0; x < result.size(2); ++x) {
        const int64_t line = transposed ? x : y;
        const int64_t column = transposed ? y : x;
        *to++ = from[(lines_backwards ? height - 1 - line : line) * width +
                     (columns_backwards ? width - 1 - column : column)];
      }
    }
  }
}

}  // namespace

int exif_orientation(std::string_view exif) {
  if (!exif.starts_with("II") && !exif.starts_with("MM")) return kUpright;
  const ExifNumbers numbers(exif);
  const size_t directory = numbers.at(4, 4);
  const uint32_t entries = numbers.at(directory, 2);
  for (size_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + 12 * i;
    if (numbers.at(entry, 2) != kOrientationTag) continue;
    const uint32_t type = numbers.at(entry + 2, 2);
    if (type != kShort && type != kLong) return kUpright;
    const uint32_t value = numbers.at(entry + 8, type == kShort ? 2 : 4);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : kUpright;
  }
  return kUpright;
}

at::Tensor upright(const at::Tensor& image, int orientation) {
  if (orientation == kUpright) return image;
  const bool transposed = is_transposed(orientation);
  at::Tensor result = at::empty({3, image.size(transposed ? 2 : 1), image.size(transposed ? 1 : 2)},
                                image.options());
  if (image.scalar_type() == at::kByte) {
    turn<uint8_t>(image, result, orientation);
  } else {
    turn<float>(image, result, orientation);
  }
  return result;
}

}  // namespace scgan
