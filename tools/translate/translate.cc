#include "tools/translate/translate.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <future>
#include <map>
#include <utility>

#include "core/base/error.h"
#include "core/base/parallel_for.h"
#include "core/base/problems.h"
#include "core/data/image_folder.h"
#include "core/data/manifest.h"
#include "core/data/shape_notes.h"
#include "core/image/image_file.h"
#include "core/image/pixel_range.h"
#include "core/image/raw_image.h"
#include "core/image/resize.h"
#include "core/image/scaling.h"

namespace scgan {
namespace {

namespace fs = std::filesystem;

// The generator halves the image twice and pads the result by reflection of one pixel.
constexpr int64_t kMultiple = 4;
constexpr int64_t kLeast = 8;
constexpr double kLargestLevel = 65535;

struct Job {
  ImageFiles input;
  fs::path output;
};

void check_options(const TranslateOptions& options) {
  const auto refuse = [](const std::string& text) { throw Error(ErrorKind::kInvalidSpec, text); };
  if (options.size != 0 && (options.size < kLeast || options.size % kMultiple != 0)) {
    refuse(fmt::format("--size {}: must be a multiple of {} and at least {}", options.size,
                       kMultiple, kLeast));
  }
  if (options.keep_size && options.size != 0 && !options.tiles) {
    refuse("--keep-size and --size: use one of them, or --tiles too");
  }
  if (options.tiles && options.size == 0) {
    refuse("--tiles needs --size, the side of the squares in which images are translated");
  }
  if (options.bits != 8 && options.bits != 16) {
    refuse(fmt::format("--bits {}: must be 8 or 16", options.bits));
  }
  if (options.percentile) {
    const auto [low, high] = *options.percentile;
    if (!(low >= 0 && low < high && high <= 100)) {
      refuse(fmt::format("--percentile {:g},{:g}: must be two ascending numbers from 0 to 100", low,
                         high));
    }
  }
}

void check_output(const fs::path& input, const fs::path& output) {
  std::error_code failed;
  if (fs::exists(output, failed) && !fs::is_directory(output, failed)) {
    throw Error(ErrorKind::kInvalidSpec,
                fmt::format("{}: is a file; the output must be a folder", output.string()));
  }
  if (fs::weakly_canonical(output, failed) == fs::weakly_canonical(input, failed) ||
      fs::equivalent(input, output, failed)) {
    throw Error(ErrorKind::kInvalidSpec,
                fmt::format("{}: input and output are the same folder; images are never written "
                            "next to their sources",
                            output.string()));
  }
}

// The images of a folder or of a CSV file.
std::vector<Job> listed_jobs(const fs::path& input, const fs::path& output, Split split,
                             SkippedFiles& skipped) {
  std::vector<Job> jobs;
  if (fs::is_regular_file(input) && !is_image_name(input)) {
    for (const FieldOfView& field : list_manifest_split(input, split)) {
      jobs.push_back({field.files, output / (field.name + ".png")});
    }
    return jobs;
  }
  const ImageList images = list_images(input);
  skipped = images.skipped;
  for (const fs::path& file : images.files) {
    jobs.push_back({{file}, output / (file.stem().string() + ".png")});
  }
  return jobs;
}

// Pairs of input and output files. Throws for all clashes at once.
std::vector<Job> planned_jobs(const fs::path& input, const fs::path& output,
                              const TranslateOptions& options, SkippedFiles& skipped) {
  check_output(input, output);
  std::vector<Job> jobs = listed_jobs(input, output, options.split, skipped);
  std::vector<std::string> clashes;
  std::map<fs::path, fs::path> inputs;  // of each output
  for (const auto& [files, target] : jobs) {
    std::error_code failed;
    const fs::path& file = first_file(files);
    const auto [first, is_new] = inputs.emplace(target, file);
    if (!is_new) {
      clashes.push_back(fmt::format("{} and {} would both be written to {}", first->second.string(),
                                    file.string(), target.string()));
    } else if (!options.force && fs::exists(fs::symlink_status(target, failed))) {
      clashes.push_back(fmt::format("{}: exists; --force replaces it", target.string()));
    }
  }
  if (!clashes.empty()) throw Error(ErrorKind::kInvalidSpec, problem_lines(clashes));
  return jobs;
}

// Bits per channel of every image; 0 if it cannot be read, which is reported when it is translated.
std::vector<int64_t> depths(const std::vector<Job>& jobs) {
  std::vector<int64_t> bits(jobs.size(), 0);
  parallel_for(jobs.size(), [&](size_t i) {
    try {
      bits[i] = read_image_info(first_file(jobs[i].input)).bits;
    } catch (const Error&) {
      bits[i] = 0;
    }
  });
  return bits;
}

int64_t common_depth(const std::vector<Job>& jobs) {
  const std::vector<int64_t> bits = depths(jobs);
  std::vector<std::string> files;
  for (const Job& job : jobs) files.push_back(first_file(job.input).string());
  throw_if_any(depth_problems(files, bits));
  const int64_t common = *std::max_element(bits.begin(), bits.end());
  if (common == 0) throw Error(ErrorKind::kData, "none of the images can be read");
  return common;
}

ChannelRanges percentiles(const std::vector<Job>& jobs, const std::array<double, 2>& percent) {
  const auto [low, high] = percent;
  RawHistogram histogram(common_depth(jobs));
  do {
    parallel_for(jobs.size(), [&](size_t i) {
      std::optional<RawImage> raw;
      try {
        raw = read_raw_image(jobs[i].input);
      } catch (const Error&) {
        return;  // as in depths()
      }
      histogram.add(raw->pixels, raw->present);
    });
  } while (histogram.needs_another_pass(low, high));
  try {
    return histogram.percentiles(low, high);
  } catch (const Error&) {
    throw Error(ErrorKind::kData,
                fmt::format("--percentile {:g},{:g}: a channel has the same value at both, so it "
                            "cannot be stretched (unless images changed while they were read); use "
                            "percentiles farther apart or none",
                            low, high));
  }
}

// What becomes black and white in all images; nullopt: the ends of the range of each file's type.
struct BlackAndWhite {
  std::optional<ChannelRanges> ranges;
  // The depth that files must have; 0: any.
  int64_t bits = 0;
};

BlackAndWhite black_and_white(const std::vector<Job>& jobs, const TranslateOptions& options) {
  if (options.percentile) return {percentiles(jobs, *options.percentile), 0};
  if (options.input && options.input->is_fitted) return {options.input->range, options.input->bits};
  return {};
}

// Grey levels 0 ... 255, as in a data set for training.
at::Tensor grey_levels(const ImageFiles& files, const BlackAndWhite& scale) {
  const RawImage raw = read_raw_image(files);
  const fs::path& file = first_file(files);
  const int64_t bits = raw.bits;
  const auto& ranges = scale.ranges;
  if (scale.bits != 0 && bits != scale.bits) {
    throw Error(ErrorKind::kData,
                fmt::format("{}: has {} bits per channel; the generator was trained on images of "
                            "{} bits, and what is black and white was fitted to them",
                            file.string(), bits, scale.bits));
  }
  if (bits == 32 && !ranges) {
    throw Error(ErrorKind::kData,
                fmt::format("{}: floating point values have no full range that defines black and "
                            "white; use --percentile LOW,HIGH",
                            file.string()));
  }
  if (bits == 8 && !ranges) return raw.pixels;
  return scale_to_grey_levels(raw.pixels, ranges ? *ranges : full_range(bits), raw.present);
}

// [3, H, W] in [-1, 1].
at::Tensor network_input(const ImageFiles& files, int64_t side, const BlackAndWhite& scale) {
  at::Tensor levels = grey_levels(files, scale);
  // Bicubic resizing of floats may overshoot.
  if (side > 0) levels = resize_bicubic(levels, side, side).clamp(0, 255);
  return to_network_range(levels);
}

void write_output(const fs::path& file, const at::Tensor& image, int64_t bits) {
  if (bits == 8) return write_png(file, to_grey_levels(image));
  write_png(file, image.clamp(-1, 1).add_(1).mul_(kLargestLevel / 2).round_().to(at::kFloat));
}

void make_folder(const fs::path& folder) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) {
    throw Error(ErrorKind::kStorage,
                fmt::format("{}: cannot be created: {}", folder.string(), failed.message()));
  }
}

// `size` indices into a line of `length` pixels, reflected at its ends as often as necessary:
// 0 1 2 1 0 1 2 ... for a length of 3.
at::Tensor reflected(int64_t length, int64_t size) {
  const int64_t period = std::max<int64_t>(1, 2 * (length - 1));
  at::Tensor indices = at::empty({size}, at::kLong);
  auto* index = indices.mutable_data_ptr<int64_t>();
  for (int64_t i = 0; i < size; ++i) {
    const int64_t phase = i % period;
    index[i] = std::min(phase, period - phase);
  }
  return indices;
}

int64_t enlarged(int64_t length) {
  return std::max(kLeast, (length + kMultiple - 1) / kMultiple * kMultiple);
}

at::Tensor padded(const at::Tensor& image, int64_t height, int64_t width) {
  return image.index_select(1, reflected(image.size(1), height))
      .index_select(2, reflected(image.size(2), width));
}

std::vector<int64_t> tile_starts(int64_t length, int64_t tile) {
  std::vector<int64_t> starts;
  for (int64_t at = 0; at + tile < length; at += tile) starts.push_back(at);
  starts.push_back(std::max<int64_t>(0, length - tile));
  return starts;
}

// LibTorch's messages are pages long.
std::string first_line(const std::exception& problem) {
  const auto* error = dynamic_cast<const c10::Error*>(&problem);
  const std::string text = error != nullptr ? error->what_without_backtrace() : problem.what();
  return text.substr(0, text.find('\n'));
}

at::Tensor forward(Generator& generator, const at::Tensor& image) {
  return generator.forward(image.unsqueeze(0).to(generator.options())).squeeze(0).to(at::kCPU);
}

}  // namespace

at::Tensor translate_image(Generator& generator, const at::Tensor& image, int64_t tile_size) {
  const at::NoGradGuard no_grad;
  const int64_t height = image.size(1);
  const int64_t width = image.size(2);
  if (tile_size == 0) {
    const at::Tensor whole = padded(image, enlarged(height), enlarged(width));
    return forward(generator, whole).narrow(1, 0, height).narrow(2, 0, width);
  }
  const at::Tensor whole = padded(image, std::max(height, tile_size), std::max(width, tile_size));
  at::Tensor result = at::empty_like(whole, generator.options().device(at::kCPU));
  for (const int64_t y : tile_starts(height, tile_size)) {
    for (const int64_t x : tile_starts(width, tile_size)) {
      const auto cut = [&](const at::Tensor& from) {
        return from.narrow(1, y, tile_size).narrow(2, x, tile_size);
      };
      cut(result).copy_(forward(generator, cut(whole)));
    }
  }
  return result.narrow(1, 0, height).narrow(2, 0, width);
}

TranslatedSize translated_size(const TranslateOptions& options) {
  if (options.tiles) return {0, options.size};
  if (options.size != 0) return {options.size, 0};
  if (!options.input || options.keep_size) return {};
  const auto& [image_size, tiles, bits, is_fitted, range] = *options.input;
  return {image_size * tiles, tiles == 1 ? 0 : image_size};
}

TranslateResult translate_folder(Generator& generator, const fs::path& input,
                                 const fs::path& output, const TranslateOptions& options,
                                 const TranslateProgress& progress) {
  const at::NoGradGuard no_grad;
  check_options(options);
  TranslateResult result;
  const std::vector<Job> jobs = planned_jobs(input, output, options, result.skipped);
  const BlackAndWhite scale = black_and_white(jobs, options);
  const TranslatedSize size = translated_size(options);
  make_folder(output);
  const auto read_later = [&](size_t i) -> std::future<at::Tensor> {
    if (i == jobs.size()) return {};
    return std::async(std::launch::async, [&, i] {
      const at::NoGradGuard no_grad_here;
      return network_input(jobs[i].input, size.side, scale);
    });
  };
  const auto translate = [&](const at::Tensor& image, const fs::path& file) -> at::Tensor {
    try {
      return translate_image(generator, image, size.tile);
    } catch (const std::exception& problem) {  // memory, of the host or of a GPU
      result.failures.push_back(fmt::format(
          "{}: {} x {} pixels could not be translated: {}; tiles (--tiles --size 512) need less "
          "memory",
          file.string(), image.size(2), image.size(1), first_line(problem)));
      return {};
    }
  };
  const auto count = static_cast<int64_t>(jobs.size());
  std::future<at::Tensor> next = read_later(0);
  for (size_t i = 0; i < jobs.size(); ++i) {
    std::future<at::Tensor> present = std::exchange(next, {});
    at::Tensor image, translated;
    try {
      image = present.get();
    } catch (const Error& problem) {
      result.failures.emplace_back(problem.what());
    }
    next = read_later(i + 1);  // while the generator runs
    if (image.defined()) translated = translate(image, first_file(jobs[i].input));
    if (translated.defined()) {
      write_output(jobs[i].output, translated, options.bits);
      ++result.written;
    }
    progress(static_cast<int64_t>(i) + 1, count);
  }
  return result;
}

}  // namespace scgan
