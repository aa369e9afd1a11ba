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
#include "core/image/image_file.h"

namespace scgan {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kBatchPixels = 1 << 25;  // 400 MB of floats before the first layer
constexpr uint32_t kLevels = 257;          // 16-bit levels per 8-bit level

// Truncates, as the evaluator does. Plain loops, because ATen's functions would start threads
// inside each of the decoding threads.
at::Tensor to_8_bits(const at::Tensor& image) {
  at::Tensor levels = at::empty(image.sizes(), at::kByte);
  const auto* from = image.const_data_ptr<float>();
  std::transform(from, from + image.numel(), levels.mutable_data_ptr<uint8_t>(), [](float value) {
    return static_cast<uint8_t>(static_cast<uint32_t>(value) / kLevels);
  });
  return levels;
}

class FeatureReader {
 public:
  FeatureReader(const std::vector<fs::path>& files, const FeatureExtractor& extractor,
                const FeatureOptions& options)
      : files_(files),
        extractor_(extractor),
        options_(options),
        infos_(files.size()),
        problems_(files.size()) {
    each(files.size(), [&](size_t i) {
      infos_[i] = read_image_info(files_[i]);
      if (infos_[i].bits != 8 && infos_[i].bits != 16) {
        throw Error(
            ErrorKind::kData,
            fmt::format("{}: has {} bits per channel; it must have 8 or 16, whose full range "
                        "defines black and white",
                        files_[i].string(), infos_[i].bits));
      }
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
    result.images_16bit = std::count_if(infos_.begin(), infos_.end(),
                                        [](const ImageInfo& info) { return info.bits == 16; });
    return result;
  }

 private:
  using Batch = std::vector<size_t>;  // indices of files of one size

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
    for (size_t i = 0; i < files_.size(); ++i) {
      const ImageInfo& info = infos_[i];
      if (!problems_[i].empty()) continue;
      const auto [size, is_new] = open.try_emplace({info.height, info.width}, by_size.size());
      if (is_new) by_size.emplace_back();
      const int64_t fitting = std::max<int64_t>(1, kBatchPixels / (info.height * info.width));
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
    const ImageInfo& shape = infos_[batch.front()];
    at::Tensor images =
        at::empty({static_cast<int64_t>(batch.size()), 3, shape.height, shape.width}, at::kByte);
    const int64_t bytes = 3 * shape.height * shape.width;
    auto* const first = images.mutable_data_ptr<uint8_t>();
    each(
        batch.size(), [&](size_t i) { return batch[i]; },
        [&](size_t i) {
          at::Tensor image = read_image(files_[batch[i]]);
          if (image.sizes() != images.sizes().slice(1)) {
            throw Error(ErrorKind::kData, fmt::format("{}: was changed while it was being read",
                                                      files_[batch[i]].string()));
          }
          if (image.scalar_type() != at::kByte) image = to_8_bits(image.contiguous());
          std::copy_n(image.const_data_ptr<uint8_t>(), bytes,
                      first + static_cast<int64_t>(i) * bytes);
        });
    return images;
  }

  std::future<at::Tensor> decoded_later(const std::vector<Batch>& all, size_t index) {
    if (index == all.size()) return {};
    return std::async(std::launch::async, [this, &batch = all[index]] { return decoded(batch); });
  }

  void put(at::Tensor& features, const Batch& batch, const at::Tensor& rows) const {
    if (!features.defined()) {
      features = at::empty({std::ssize(files_), rows.size(1)}, at::kFloat);
    }
    if (rows.size(1) != features.size(1)) {
      const auto text = [&](size_t i) {
        return fmt::format("{} ({} x {} pixels)", files_[i].string(), infos_[i].width,
                           infos_[i].height);
      };
      throw Error(ErrorKind::kData,
                  fmt::format("the extractor returns {} features for {}, but {} for {}; with this "
                              "extractor all images must have one size",
                              features.size(1), text(0), rows.size(1), text(batch.front())));
    }
    for (size_t i = 0; i < batch.size(); ++i) {
      features[static_cast<int64_t>(batch[i])].copy_(rows[static_cast<int64_t>(i)]);
    }
  }

  const std::vector<fs::path>& files_;
  const FeatureExtractor& extractor_;
  const FeatureOptions& options_;
  std::vector<ImageInfo> infos_;
  std::vector<std::string> problems_;  // of each file; "" = none
};

}  // namespace

ImageFeatures image_features(const std::vector<fs::path>& files, const FeatureExtractor& extractor,
                             const FeatureOptions& options) {
  const at::NoGradGuard no_grad;
  return FeatureReader(files, extractor, options).read();
}

}  // namespace scgan
