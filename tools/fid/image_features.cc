#include "tools/fid/image_features.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <map>
#include <string>
#include <thread>
#include <utility>

#include "core/base/error.h"
#include "core/base/parallel_for.h"
#include "core/base/problems.h"
#include "core/data/tiles.h"
#include "core/image/grey_levels.h"
#include "core/image/image_file.h"

namespace scgan {
namespace {

constexpr int64_t kBatchPixels = 1 << 25;  // 400 MB of floats before the first layer

// Truncates, as the evaluator does. A plain loop, because ATen's functions would start threads
// inside each of the decoding threads.
at::Tensor to_8_bits(const at::Tensor& levels) {
  if (levels.scalar_type() == at::kByte) return levels;
  at::Tensor bytes = at::empty(levels.sizes(), at::kByte);
  const auto* from = levels.const_data_ptr<float>();
  std::transform(from, from + levels.numel(), bytes.mutable_data_ptr<uint8_t>(),
                 [](float level) { return static_cast<uint8_t>(level); });
  return bytes;
}

std::string depth_problem(const std::string& file, int64_t bits, const Preparation& preparation) {
  if (preparation.bits != 0 && bits != preparation.bits) {
    return fmt::format("{}: has {} bits per channel; {}", file, bits, preparation.depth_reason);
  }
  if (bits == 8 || bits == 16 || preparation.ranges) return "";
  return fmt::format(
      "{}: has {} bits per channel; it must have 8 or 16, whose full range defines "
      "black and white",
      file, bits);
}

class FeatureReader {
 public:
  FeatureReader(const std::vector<ImageFiles>& files, const FeatureExtractor& extractor,
                const FeatureOptions& options, const Preparation& preparation)
      : files_(files),
        extractor_(extractor),
        options_(options),
        preparation_(preparation),
        infos_(files.size()),
        problems_(files.size()) {
    each(files.size(), [&](size_t i) {
      infos_[i] = read_image_info(first_file(files_[i]));
      problems_[i] = depth_problem(name_of(i), infos_[i].bits, preparation_);
    });
  }

  ImageFeatures read() {
    const auto all = batches();
    ImageFeatures result;
    std::future<at::Tensor> next = decoded_later(all, 0);
    for (size_t b = 0; b < all.size(); ++b) {
      const at::Tensor images = next.get();
      next = decoded_later(all, b + 1);
      // After a problem, decoding continues only to find all others.
      if (has_problem()) continue;
      put(result.features, all[b], extractor_.features(images));
    }
    throw_if_any(problems_);
    for (const ImageInfo& info : infos_) {
      if (info.bits == 16 && !preparation_.ranges) ++result.images_16bit;
      if (is_resized(info)) ++result.resized;
    }
    return result;
  }

 private:
  // Indices of images of one size: of files or, where these are cut, of tiles, file by file.
  using Batch = std::vector<size_t>;

  size_t tiles_per_file() const {
    return static_cast<size_t>(preparation_.tiles * preparation_.tiles);
  }
  size_t file_of(size_t image) const { return image / tiles_per_file(); }
  int64_t whole_side() const { return preparation_.tiles * preparation_.size; }
  std::string name_of(size_t file) const { return first_file(files_[file]).string(); }
  bool is_resized(const ImageInfo& info) const {
    return whole_side() > 0 && (info.height != whole_side() || info.width != whole_side());
  }
  // Height and width of what the extractor sees.
  std::pair<int64_t, int64_t> shape_of(size_t file) const {
    if (preparation_.size > 0) return {preparation_.size, preparation_.size};
    return {infos_[file].height, infos_[file].width};
  }

  // Calls work(i) for i below `count` on several threads. An Error is noted as the problem of file
  // i.
  template <typename Work>
  void each(size_t count, const Work& work) {
    each(
        count, [](size_t i) { return i; }, work);
  }
  template <typename FileOf, typename Work>
  void each(size_t count, const FileOf& file_of, const Work& work) {
    const auto threads = static_cast<size_t>(
        options_.threads > 0 ? options_.threads
                             : std::max(1U, std::thread::hardware_concurrency()));
    parallel_for(std::min(threads, count), [&](size_t thread) {
      for (size_t i = thread; i < count; i += threads) {
        try {
          work(i);
        } catch (const Error& problem) {
          problems_[file_of(i)] = problem.what();
        }
      }
    });
  }

  bool has_problem() const {
    return std::any_of(problems_.begin(), problems_.end(),
                       [](const std::string& problem) { return !problem.empty(); });
  }

  std::vector<Batch> batches() const {
    std::map<std::pair<int64_t, int64_t>, size_t> open;  // size -> the batch with room left
    std::vector<std::vector<Batch>> by_size;
    for (size_t i = 0; i < files_.size() * tiles_per_file(); ++i) {
      if (!problems_[file_of(i)].empty()) continue;
      const auto shape = shape_of(file_of(i));
      const auto [size, is_new] = open.try_emplace(shape, by_size.size());
      if (is_new) by_size.emplace_back();
      const int64_t fitting = std::max<int64_t>(1, kBatchPixels / (shape.first * shape.second));
      auto& batches = by_size[size->second];
      if (batches.empty() || std::ssize(batches.back()) == std::min(options_.batch_size, fitting)) {
        batches.emplace_back();
      }
      batches.back().push_back(i);
    }
    std::vector<Batch> all;
    for (auto& batches : by_size)
      std::move(batches.begin(), batches.end(), std::back_inserter(all));
    return all;
  }

  // [n, 3, H, W] uint8.
  at::Tensor decoded(const Batch& batch) {
    const auto [height, width] = shape_of(file_of(batch.front()));
    at::Tensor images =
        at::empty({static_cast<int64_t>(batch.size()), 3, height, width}, at::kByte);
    auto* const to = images.mutable_data_ptr<uint8_t>();
    std::vector<size_t> first;  // positions in the batch at which a file begins
    for (size_t i = 0; i < batch.size(); ++i) {
      if (i == 0 || file_of(batch[i]) != file_of(batch[i - 1])) first.push_back(i);
    }
    const auto file_at = [&](size_t f) { return file_of(batch[first[f]]); };
    each(first.size(), file_at, [&](size_t f) {
      const size_t end = f + 1 < first.size() ? first[f + 1] : batch.size();
      const at::Tensor tiles = prepared(file_at(f));
      const auto bytes = static_cast<size_t>(3 * height * width);
      const auto* from =
          tiles.const_data_ptr<uint8_t>() + batch[first[f]] % tiles_per_file() * bytes;
      std::copy_n(from, (end - first[f]) * bytes, to + first[f] * bytes);
    });
    return images;
  }

  // [tiles, 3, H, W] uint8, contiguous.
  at::Tensor prepared(size_t file) const {
    const RawImage raw = read_raw_image(files_[file]);
    const ImageInfo& info = infos_[file];
    if (raw.pixels.size(1) != info.height || raw.pixels.size(2) != info.width ||
        raw.bits != info.bits) {
      throw Error(ErrorKind::kData,
                  fmt::format("{}: was changed while it was being read", name_of(file)));
    }
    const at::Tensor levels =
        to_8_bits(grey_levels(raw, preparation_.ranges, whole_side())).contiguous();
    if (preparation_.tiles == 1) return levels.unsqueeze(0);
    const int64_t side = preparation_.size;
    at::Tensor tiles =
        at::empty({static_cast<int64_t>(tiles_per_file()), 3, side, side}, at::kByte);
    cut_tiles(levels, preparation_.tiles, tiles.mutable_data_ptr<uint8_t>());
    return tiles;
  }

  std::future<at::Tensor> decoded_later(const std::vector<Batch>& all, size_t index) {
    if (index == all.size()) return {};
    return std::async(std::launch::async, [this, &batch = all[index]] { return decoded(batch); });
  }

  void put(at::Tensor& features, const Batch& batch, const at::Tensor& rows) const {
    if (!features.defined()) {
      const auto images = static_cast<int64_t>(files_.size() * tiles_per_file());
      features = at::empty({images, rows.size(1)}, at::kFloat);
    }
    if (rows.size(1) != features.size(1)) {
      const auto text = [&](size_t file) {
        return fmt::format("{} ({} x {} pixels)", name_of(file), infos_[file].width,
                           infos_[file].height);
      };
      throw Error(
          ErrorKind::kData,
          fmt::format("the extractor returns {} features for {}, but {} for {}; with this "
                      "extractor all images must have one size (--size)",
                      features.size(1), text(0), rows.size(1), text(file_of(batch.front()))));
    }
    for (size_t i = 0; i < batch.size(); ++i) {
      features[static_cast<int64_t>(batch[i])].copy_(rows[static_cast<int64_t>(i)]);
    }
  }

  const std::vector<ImageFiles>& files_;
  const FeatureExtractor& extractor_;
  const FeatureOptions& options_;
  const Preparation& preparation_;
  std::vector<ImageInfo> infos_;
  std::vector<std::string> problems_;  // of each file; "" = none
};

}  // namespace

ImageFeatures image_features(const std::vector<ImageFiles>& files,
                             const FeatureExtractor& extractor, const FeatureOptions& options,
                             const Preparation& preparation) {
  const at::NoGradGuard no_grad;
  return FeatureReader(files, extractor, options, preparation).read();
}

}  // namespace scgan
