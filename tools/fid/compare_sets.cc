#include "tools/fid/compare_sets.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "core/base/error.h"
#include "core/data/image_folder.h"
#include "core/data/manifest.h"
#include "core/data/split.h"
#include "core/image/image_file.h"
#include "core/model/safetensors.h"
#include "tools/fid/fid_statistics.h"

namespace scgan {
namespace {

namespace fs = std::filesystem;

constexpr double kMostSelfCheck = 1e-6;  // relative; rounding causes less

// One set: the features of its images, or the moments from a file.
struct Source {
  FidSet set;
  at::Tensor features;  // undefined: statistics
  std::optional<FeatureMoments> moments;

  bool is_images() const { return features.defined(); }
  int64_t feature_count() const { return is_images() ? features.size(1) : moments->mean.size(0); }
  const FeatureMoments& needed_moments() {
    if (!moments) moments = feature_moments(features);
    return *moments;
  }
};

bool is_statistics(const fs::path& path) {
  std::error_code failed;
  return !fs::is_directory(path, failed) && path.extension() == ".npz";
}

// What is not a folder, nor statistics, nor named like an image, may be a CSV file.
bool is_table(const fs::path& path) {
  std::error_code failed;
  return fs::is_regular_file(path, failed) && !is_statistics(path) && !is_image_name(path);
}

[[noreturn]] void refuse(const std::string& reason) {
  throw Error(ErrorKind::kInvalidSpec, reason);
}

void check_preparation(const FidRequest& request) {
  if (request.run && (request.size != 0 || request.tiles != 1)) {
    refuse("--weights and --size or --tiles: use one of them; the weights say both");
  }
  if (request.untranslated && !request.run) refuse("--untranslated is for --weights");
  if (request.size < 0) refuse("--size: must be above 0");
  if (request.tiles != 1 && (request.tiles < 1 || request.size == 0)) {
    refuse("--tiles needs --size, the side of the squares into which images are cut");
  }
}

void check_request(const FidRequest& request) {
  check_preparation(request);
  std::error_code failed;
  for (const fs::path& path : {request.a, request.b}) {
    if (path.empty()) continue;
    if (!fs::exists(path, failed)) {
      refuse(fmt::format("{}: no such folder or .npz file", path.string()));
    }
    if (!fs::is_directory(path, failed) && !is_statistics(path) &&
        !(request.run && is_table(path))) {
      refuse(fmt::format("{}: is neither a folder of images nor a .npz file{}", path.string(),
                         is_table(path) ? "; a CSV file needs --weights, whose direction says "
                                          "which rows are compared"
                                        : ""));
    }
    if (!request.save.empty() && fs::equivalent(path, request.save, failed)) {
      refuse(fmt::format("--save {}: would replace an input", request.save.string()));
    }
  }
  const fs::path folder = request.save.has_parent_path() ? request.save.parent_path() : ".";
  if (!request.save.empty() && !fs::is_directory(folder, failed)) {
    refuse(fmt::format("--save {}: there is no folder {}", request.save.string(), folder.string()));
  }
  if (request.b.empty() && request.save.empty()) {
    refuse("name a second set B, or write the statistics of A with --save FILE.npz");
  }
  if (request.self_check &&
      (request.b.empty() || is_statistics(request.a) || is_statistics(request.b))) {
    refuse("--self-check compares features, so both sets must be folders of images");
  }
}

struct Images {
  std::vector<ImageFiles> files;
  SkippedFiles skipped;
};

// The test rows of the run's target domain or, for its source images, of the other.
Images listed_rows(const fs::path& table, const TrainedOn& run, bool is_source) {
  if (!run.direction) {
    throw Error(ErrorKind::kInvalidSpec,
                fmt::format("{}: the weights do not say which domain they translate, so which rows "
                            "to read is not known; use netG_A or netG_B of a run",
                            table.string()));
  }
  const bool is_a = (*run.direction == Direction::kAtoB) == is_source;
  Images images;
  for (const FieldOfView& field :
       list_manifest_split(table, is_a ? Split::kTestA : Split::kTestB)) {
    images.files.push_back(field.files);
  }
  return images;
}

Images listed_images(const fs::path& path, const FidRequest& request, bool is_a) {
  if (request.run && is_table(path)) return listed_rows(path, *request.run, is_a);
  const ImageList list = list_images(path);
  Images images{{}, list.skipped};
  for (const fs::path& file : list.files) images.files.push_back({file});
  return images;
}

Preparation preparation_of(const FidRequest& request, bool is_a) {
  if (!request.run) return {.size = request.size, .tiles = request.tiles};
  const GeneratorInput& input = request.run->input;
  Preparation preparation{.size = input.image_size, .tiles = input.tiles};
  if (!input.is_fitted) return preparation;
  if (is_a && !request.untranslated) {
    preparation.bits = 8;
    preparation.depth_reason =
        "translations have 8; use --untranslated if these images are not translated";
  } else {
    preparation.bits = input.bits;
    preparation.depth_reason =
        fmt::format("black and white were fitted to images of {} bits in training", input.bits);
    preparation.ranges = input.range;
  }
  return preparation;
}

// Makes the extractor when it is first needed.
class Extractor {
 public:
  explicit Extractor(const MakeExtractor& make) : make_(make) {}

  // `size`: of the images; 0 = that of the files.
  const FeatureExtractor& of(const Images& images, int64_t size) {
    if (!extractor_) extractor_ = make_(size > 0 ? size : trial_size(images));
    return *extractor_;
  }
  const FeatureExtractor* get() const { return extractor_.get(); }

 private:
  // The side of the first image that can be read. Errors of the others are reported later.
  static int64_t trial_size(const Images& images) {
    constexpr int64_t kDefault = 256;
    for (const ImageFiles& files : images.files) {
      try {
        const ImageInfo info = read_image_info(first_file(files));
        return std::min(info.height, info.width);
      } catch (const Error&) {
        continue;
      }
    }
    return kDefault;
  }

  const MakeExtractor& make_;
  std::unique_ptr<FeatureExtractor> extractor_;
};

void compare_halves(FidSet& set, const at::Tensor& features, const KidOptions& kid) {
  const int64_t half = features.size(0) / 2;
  if (half < 2) return;
  const at::Tensor first = features.narrow(0, 0, half);
  const at::Tensor last = features.narrow(0, features.size(0) - half, half);
  set.half_size = half;
  set.fid_halves = frechet_distance(first, last);
  set.kid_halves = kernel_distance(first, last, kid).full;
}

Source read_set(const FidRequest& request, bool is_a, Extractor& extractor) {
  const fs::path& path = is_a ? request.a : request.b;
  Source source;
  source.set.path = path;
  if (is_statistics(path)) {
    source.moments = read_fid_statistics(path);
    return source;
  }
  const Images images = listed_images(path, request, is_a);
  const Preparation preparation = preparation_of(request, is_a);
  if (std::ssize(images.files) * preparation.tiles * preparation.tiles < 2) {
    throw Error(ErrorKind::kData,
                fmt::format("{}: holds one image; FID needs 2 or more", path.string()));
  }
  const ImageFeatures read = image_features(images.files, extractor.of(images, preparation.size),
                                            request.features, preparation);
  source.features = read.features;
  source.set.images = read.features.size(0);
  source.set.images_16bit = read.images_16bit;
  source.set.resized = read.resized;
  source.set.side = preparation.tiles * preparation.size;
  source.set.skipped = images.skipped;
  // One subset, as only the estimate on all images is reported.
  compare_halves(source.set, source.features, {.subsets = 1, .subset_size = 2});
  return source;
}

void check_lengths(const Source& a, const Source& b) {
  if (a.feature_count() == b.feature_count()) return;
  throw Error(
      ErrorKind::kData,
      fmt::format("{} has {} features and {} has {}: statistics must come from the same "
                  "extractor as what they are compared with (--extractor)",
                  a.set.path.string(), a.feature_count(), b.set.path.string(), b.feature_count()));
}

void compare(Source& a, Source& b, const FidRequest& request, FidReport& report) {
  check_lengths(a, b);
  if (!a.is_images() || !b.is_images()) {
    report.fid = frechet_distance_of_moments(a.needed_moments(), b.needed_moments());
    return;
  }
  // A run's scores compare the real images with the translated ones, which matters to rounding.
  const auto& [first, second] =
      request.run ? std::pair(b.features, a.features) : std::pair(a.features, b.features);
  report.fid = frechet_distance(first, second);
  report.kid = kernel_distance(first, second, request.kid);
  report.kid_subsets = request.kid.subsets;
  if (request.self_check) report.self_check = frechet_self_check(a.features, b.features);
}

void warn_of_set(const FidSet& set, const FidReport& report, std::vector<std::string>& warnings) {
  const std::string path = set.path.string();
  if (set.images == 0) {
    warnings.push_back(fmt::format(
        "{}: statistics do not say how many images and which extractor they are from", path));
  } else if (set.images < report.feature_count) {
    warnings.push_back(fmt::format(
        "{}: {} images are fewer than the {} features; FID is then far above its value for many "
        "images and falls as their number grows, so compare only equal numbers of images",
        path, set.images, report.feature_count));
  }
  if (set.images_16bit > 0) {
    warnings.push_back(
        fmt::format("{}: {} images of 16 bits were scaled to 8 bits, 0 to 65535 "
                    "becoming 0 to 255",
                    path, set.images_16bit));
  }
  if (set.resized > 0) {
    warnings.push_back(fmt::format("{}: {} image{} resized to {} x {} pixels", path, set.resized,
                                   set.resized == 1 ? " was" : "s were", set.side, set.side));
  }
  if (!set.skipped.groups.empty()) warnings.push_back(to_string(set.skipped));
}

void add_warnings(FidReport& report) {
  auto& warnings = report.warnings;
  if (report.extractor == "random_conv") {
    warnings.emplace_back(
        "random_conv is not Inception: its numbers rank sets of images, but are not the published "
        "FID "
        "and KID; name the Inception weights with --extractor");
  }
  warn_of_set(report.a, report, warnings);
  if (!report.b) return;
  if (report.b->path != report.a.path) warn_of_set(*report.b, report, warnings);
  if (report.a.images > 0 && report.b->images > 0 && report.a.images != report.b->images) {
    warnings.push_back(fmt::format("the sets have different numbers of images, {} and {}",
                                   report.a.images, report.b->images));
  }
  if (report.self_check && report.self_check->relative_difference > kMostSelfCheck) {
    warnings.push_back(
        fmt::format("the two ways to FID differ by {:.1e} of it, more than rounding explains",
                    report.self_check->relative_difference));
  }
}

}  // namespace

TrainedOn trained_on(const fs::path& weights) {
  const auto metadata = read_safetensors(weights).metadata;
  const auto input = generator_input(metadata, weights);
  if (!input) {
    throw Error(ErrorKind::kData,
                fmt::format("{}: does not say how images were prepared; name weights of a run or a "
                            "checkpoint, or use --size and --tiles",
                            weights.string()));
  }
  const auto direction = metadata.find("direction");
  if (direction == metadata.end()) return {*input, std::nullopt};
  return {*input, direction->second == "AtoB" ? Direction::kAtoB : Direction::kBtoA};
}

FidReport compare_sets(const FidRequest& request, const MakeExtractor& make_extractor) {
  const at::NoGradGuard no_grad;
  check_request(request);
  Extractor extractor(make_extractor);
  Source a = read_set(request, true, extractor);
  std::optional<Source> b;
  if (!request.b.empty()) b = read_set(request, false, extractor);
  FidReport report;
  report.feature_count = a.feature_count();
  if (b) compare(a, *b, request, report);
  if (!request.save.empty()) write_fid_statistics(request.save, a.needed_moments());
  report.a = a.set;
  if (b) report.b = b->set;
  if (extractor.get() != nullptr) {
    report.extractor = extractor.get()->name();
    report.digest = extractor.get()->digest();
    report.preprocessing = extractor.get()->preprocessing();
  }
  add_warnings(report);
  return report;
}

}  // namespace scgan
