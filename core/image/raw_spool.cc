#include "core/image/raw_spool.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <algorithm>

#include "core/base/error.h"

namespace scgan {
namespace {

// The planes that differ, in the type of the source.
template <typename Stored, typename Value>
std::vector<char> stored(const RawImage& image) {
  const auto count =
      static_cast<size_t>(image.planes * image.pixels.size(1) * image.pixels.size(2));
  std::vector<char> bytes(count * sizeof(Stored));
  auto* to = reinterpret_cast<Stored*>(bytes.data());
  std::transform(image.pixels.const_data_ptr<Value>(), image.pixels.const_data_ptr<Value>() + count,
                 to, [](Value value) { return static_cast<Stored>(value); });
  return bytes;
}

std::vector<char> stored(const RawImage& image) {
  if (image.bits == 8) return stored<uint8_t, uint8_t>(image);
  if (image.bits == 16) return stored<uint16_t, float>(image);
  return stored<float, float>(image);
}

template <typename Stored, typename Value>
at::Tensor restored(const std::vector<char>& bytes, int64_t height, int64_t width) {
  at::Tensor pixels = at::empty({3, height, width}, c10::CppTypeToScalarType<Value>::value);
  auto* to = pixels.mutable_data_ptr<Value>();
  const auto* from = reinterpret_cast<const Stored*>(bytes.data());
  const auto count = static_cast<int64_t>(bytes.size() / sizeof(Stored));
  for (int64_t done = 0; done < pixels.numel(); done += count) {  // one plane is copied three times
    std::transform(from, from + count, to + done,
                   [](Stored value) { return static_cast<Value>(value); });
  }
  return pixels;
}

}  // namespace

RawSpool::RawSpool(size_t count, const std::optional<std::filesystem::path>& folder)
    : entries_(count) {
  if (!folder) return;
  try {
    file_.emplace(TemporaryFile::in_folder(*folder));
  } catch (const Error&) {  // then images are decoded again
    file_.reset();
  }
}

void RawSpool::put(size_t index, const RawImage& image) {
  if (!file_) return;
  const std::vector<char> bytes = stored(image);
  Entry& entry = entries_[index];
  {
    const std::lock_guard lock(mutex_);
    if (full_) return;
    entry.offset = end_;
    end_ += bytes.size();
  }
  try {
    file_->write_at(entry.offset, bytes.data(), bytes.size());
  } catch (const Error&) {  // the disk is full: this image and those to come are decoded again
    const std::lock_guard lock(mutex_);
    full_ = true;
    return;
  }
  entry.shape = {at::Tensor(), image.bits, image.planes, image.present, ""};
  entry.height = image.pixels.size(1);
  entry.width = image.pixels.size(2);
  entry.kept = true;
}

std::optional<RawImage> RawSpool::get(size_t index) const {
  const Entry& entry = entries_[index];
  if (!entry.kept) return std::nullopt;
  RawImage image = entry.shape;
  const auto values = static_cast<size_t>(image.planes * entry.height * entry.width);
  std::vector<char> bytes(values * static_cast<size_t>(image.bits / 8));
  file_->read_at(entry.offset, bytes.data(), bytes.size());
  if (image.bits == 8) {
    image.pixels = restored<uint8_t, uint8_t>(bytes, entry.height, entry.width);
  } else if (image.bits == 16) {
    image.pixels = restored<uint16_t, float>(bytes, entry.height, entry.width);
  } else {
    image.pixels = restored<float, float>(bytes, entry.height, entry.width);
  }
  return image;
}

}  // namespace scgan
