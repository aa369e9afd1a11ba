#include "tools/translate/translate.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <map>
#include <utility>

#include "core/base/error.h"
#include "core/base/parallel_for.h"
#include "core/base/problems.h"
#include "core/data/image_folder.h"
#include "core/data/manifest.h"
#include "core/data/shape_notes.h"
#include "core/image/grey_levels.h"
#include "core/image/image_file.h"
#include "core/image/pixel_range.h"
#include "core/image/raw_image.h"
#include "core/image/scaling.h"
#include "tools/translate/tile_spans.h"
#include "tools/translate/translate_image.h"
#include "tools/translate/written_image.h"

namespace scgan {
namespace {

namespace fs = std::filesystem;

struct Job {
  ImageFiles input;
  fs::path output;
};

void check_options(const TranslateOptions& options) {
  const auto refuse = [](const std::string& text) { throw Error(ErrorKind::kInvalidSpec, text); };
  if (options.size != 0 && (options.size < kLeastSide || options.size % kSideMultiple != 0)) {
    refuse(fmt::format("--size {}: must be a multiple of {} and at least {}", options.size,
                       kSideMultiple, kLeastSide));
  }
  if (options.keep_size && options.size != 0 && !options.tiles) {
    refuse("--keep-size and --size: use one of them, or --tiles too");
  }
  if (options.tiles && options.size == 0) {
    refuse("--tiles needs --size, the side of the squares in which images are translated");
  }
  if (options.overlap) {
    const int64_t most = options.size / 2 / kSideMultiple * kSideMultiple;
    if (!options.tiles) refuse("--overlap is for --tiles");
    if (*options.overlap < 0 || *options.overlap > most || *options.overlap % kSideMultiple != 0) {
      refuse(fmt::format("--overlap {}: must be a multiple of {} from 0 to {}, half of --size",
                         *options.overlap, kSideMultiple, most));
    }
  }
  if (options.bits != 0 && options.intensities) {
    refuse("--bits and --intensities: use one of them; intensities have the depth of the input");
  }
  if (options.bits != 0 && options.bits != 8 && options.bits != 16) {
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

// What the generator is shown, in [-1, 1], and the depth of its file.
struct NetworkInput {
  at::Tensor image;
  int64_t bits = 0;
};

NetworkInput network_input(const ImageFiles& files, int64_t side, const BlackAndWhite& scale,
                           bool intensities) {
  const RawImage raw = read_raw_image(files);
  const std::string file = first_file(files).string();
  if (scale.bits != 0 && raw.bits != scale.bits) {
    throw Error(ErrorKind::kData,
                fmt::format("{}: has {} bits per channel; the generator was trained on images of "
                            "{} bits, and what is black and white was fitted to them",
                            file, raw.bits, scale.bits));
  }
  if (raw.bits == 32 && !scale.ranges) {
    throw Error(ErrorKind::kData,
                fmt::format("{}: floating point values have no full range that defines black and "
                            "white; use --percentile LOW,HIGH",
                            file));
  }
  if (raw.bits == 32 && intensities) {
    throw Error(ErrorKind::kData, fmt::format("{}: --intensities writes PNG, which cannot hold "
                                              "floating point values; use --bits 16",
                                              file));
  }
  return {to_network_range(grey_levels(raw, scale.ranges, side)), raw.bits};
}

void make_folder(const fs::path& folder) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) {
    throw Error(ErrorKind::kStorage,
                fmt::format("{}: cannot be created: {}", folder.string(), failed.message()));
  }
}

// LibTorch's messages are pages long.
std::string first_line(const std::exception& problem) {
  const auto* error = dynamic_cast<const c10::Error*>(&problem);
  const std::string text = error != nullptr ? error->what_without_backtrace() : problem.what();
  return text.substr(0, text.find('\n'));
}

}  // namespace

TranslatedSize translated_size(const TranslateOptions& options) {
  if (options.tiles) {
    const int64_t quarter = options.size / 4 / kSideMultiple * kSideMultiple;
    return {0, {options.size, options.overlap.value_or(quarter)}};
  }
  if (options.size != 0) return {options.size, {}};
  if (!options.input || options.keep_size) return {};
  const auto& [image_size, tiles, bits, is_fitted, range] = *options.input;
  return {image_size * tiles, {tiles == 1 ? 0 : image_size, 0}};
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
  const auto read_later = [&](size_t i) -> std::future<NetworkInput> {
    if (i == jobs.size()) return {};
    return std::async(std::launch::async, [&, i] {
      const at::NoGradGuard no_grad_here;
      return network_input(jobs[i].input, size.side, scale, options.intensities);
    });
  };
  const auto translate = [&](const at::Tensor& image, const fs::path& file) -> at::Tensor {
    try {
      return translate_image(generator, image, size.tiling);
    } catch (const std::exception& problem) {  // memory, of the host or of a GPU
      result.failures.push_back(fmt::format(
          "{}: {} x {} pixels could not be translated: {}; tiles (--tiles --size 512) need less "
          "memory",
          file.string(), image.size(2), image.size(1), first_line(problem)));
      return {};
    }
  };
  const auto written = [&](const at::Tensor& image, int64_t bits) {
    if (options.intensities)
      return raw_values(image, bits, scale.ranges.value_or(full_range(bits)));
    return options.bits == 16 ? levels_of_16_bits(image) : to_grey_levels(image);
  };
  const auto count = static_cast<int64_t>(jobs.size());
  std::future<NetworkInput> next = read_later(0);
  for (size_t i = 0; i < jobs.size(); ++i) {
    std::future<NetworkInput> present = std::exchange(next, {});
    NetworkInput read;
    at::Tensor translated;
    try {
      read = present.get();
    } catch (const Error& problem) {
      result.failures.emplace_back(problem.what());
    }
    next = read_later(i + 1);  // while the generator runs
    if (read.image.defined()) translated = translate(read.image, first_file(jobs[i].input));
    if (translated.defined()) {
      write_png(jobs[i].output, written(translated, read.bits));
      ++result.written;
    }
    progress(static_cast<int64_t>(i) + 1, count);
  }
  return result;
}

}  // namespace scgan
