#include "core/image/raw_image.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/base/error.h"
#include "core/base/sha256.h"
#include "core/image/image_file.h"
#include "core/image/orientation.h"

namespace scgan {
namespace {

// In place of the digest of a channel that has no file.
constexpr const char* kNoFile = "-";

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& problem) {
  throw Error(ErrorKind::kData, fmt::format("{}: {}", file.string(), problem));
}

std::string size_text(const ImageInfo& info) {
  return fmt::format("{} x {} pixels of {} bits", info.width, info.height, info.bits);
}

// Images that are turned upright have a digest of their own, since earlier versions read the same
// bytes as other pixels.
std::string digest_of(const std::string& bytes, const ImageInfo& info) {
  return sha256_hex(bytes) +
         (info.orientation == kUpright ? "" : fmt::format(" upright from {}", info.orientation));
}

RawImage read_one(const std::filesystem::path& file) {
  const std::string bytes = read_image_bytes(file);
  const ImageInfo info = image_info(bytes, file);
  return {decode_image(bytes, file), info.bits, info.channels, kAllChannels,
          digest_of(bytes, info)};
}

// Sets one channel of `to`, of a grey image or to black. Plain loops, since ATen's own would start
// threads inside each of the threads that read.
template <typename Value>
void set_channel(const at::Tensor& grey, at::Tensor& to, size_t channel) {
  const int64_t pixels = to.size(1) * to.size(2);
  Value* plane = to.mutable_data_ptr<Value>() + static_cast<int64_t>(channel) * pixels;
  if (grey.defined()) {
    std::copy_n(grey.const_data_ptr<Value>(), pixels, plane);
  } else {
    std::fill_n(plane, pixels, Value{0});
  }
}

// [3, H, W]; an undefined tensor stands for a black channel.
at::Tensor together(const std::array<at::Tensor, 3>& channels, const at::Tensor& like) {
  at::Tensor image = at::empty({3, like.size(1), like.size(2)}, like.options());
  for (size_t c = 0; c < 3; ++c) {
    if (like.scalar_type() == at::kByte) {
      set_channel<uint8_t>(channels[c], image, c);
    } else {
      set_channel<float>(channels[c], image, c);
    }
  }
  return image;
}

// Of one file per channel: the digests of the channels, in order.
std::string joined_digests(const std::array<std::string, 3>& digests) {
  return digests[0] + "," + digests[1] + "," + digests[2];
}

// All channels must have the size and depth of the first one present.
RawImage read_channels(const ImageFiles& files) {
  RawImage whole;
  std::array<std::string, 3> digests{kNoFile, kNoFile, kNoFile};
  std::array<at::Tensor, 3> channels;
  ImageInfo reference;
  at::Tensor first;
  for (size_t c = 0; c < 3; ++c) {
    const std::filesystem::path& file = files[c];
    whole.present[c] = !file.empty();
    if (file.empty()) continue;
    const std::string bytes = read_image_bytes(file);
    const ImageInfo info = image_info(bytes, file);
    if (info.channels != 1) refuse(file, "is an RGB image; a file for one channel must be grey");
    if (!first.defined()) reference = info;
    if (size_text(info) != size_text(reference)) {
      refuse(file, fmt::format("has {}, but {} has {}; the channels of one image must be alike",
                               size_text(info), first_file(files).string(), size_text(reference)));
    }
    channels[c] = decode_image(bytes, file);
    if (!first.defined()) first = channels[c];
    digests[c] = digest_of(bytes, info);
  }
  whole.digest = joined_digests(digests);
  whole.bits = reference.bits;
  whole.pixels = together(channels, first);
  return whole;
}

}  // namespace

const std::filesystem::path& first_file(const ImageFiles& files) {
  return *std::find_if(files.begin(), files.end(),
                       [](const std::filesystem::path& file) { return !file.empty(); });
}

RawImage read_raw_image(const ImageFiles& files) {
  return files.size() == 1 ? read_one(files[0]) : read_channels(files);
}

std::string content_digest(const ImageFiles& files) {
  const auto digest = [](const std::filesystem::path& file) {
    const std::string bytes = read_image_bytes(file);
    return digest_of(bytes, image_info(bytes, file));
  };
  if (files.size() == 1) return digest(files[0]);
  std::array<std::string, 3> digests{kNoFile, kNoFile, kNoFile};
  for (size_t c = 0; c < 3; ++c) {
    if (!files[c].empty()) digests[c] = digest(files[c]);
  }
  return joined_digests(digests);
}

void check_raw_image(const ImageFiles& files, const RawImage& image, const DatasetSpec& spec) {
  const std::filesystem::path& file = first_file(files);
  if (image.bits == 32 && spec.scaling != Scaling::kPercentile) {
    refuse(file,
           "has float pixels, whose type has no darkest and brightest value; set data.scaling: "
           "percentile");
  }
  const int64_t height = image.pixels.size(1);
  const int64_t width = image.pixels.size(2);
  const int64_t side = std::min(height, width);
  if (side >= spec.image_size) return;
  const auto fitting = std::find_if(kImageSizes.rbegin(), kImageSizes.rend(),
                                    [&](int64_t size) { return size <= side; });
  refuse(file, fmt::format("{} x {} pixels are fewer than data.image_size {}; {}", width, height,
                           spec.image_size,
                           fitting == kImageSizes.rend()
                               ? "no image_size is that small"
                               : fmt::format("data.image_size {} would work", *fitting)));
}

}  // namespace scgan
