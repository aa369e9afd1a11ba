#include "core/data/image_folder.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <filesystem>
#include <utility>

#include "core/base/error.h"
#include "core/base/sha256.h"
#include "core/data/image_file.h"
#include "core/data/on_all_cores.h"
#include "core/data/resize.h"
#include "core/data/scaling.h"

namespace scgan {
namespace {

namespace fs = std::filesystem;

constexpr std::array<const char*, 4> kSplits{"trainA", "trainB", "testA", "testB"};
constexpr std::array<int64_t, 5> kImageSizes{1024, 512, 256, 128, 64};
constexpr size_t kShownProblems = 20;

struct Field {
  size_t split = 0;   // index into kSplits
  int64_t index = 0;  // in its split
  fs::path file;
};

bool is_training(size_t split) { return split < 2; }

bool is_image_name(const fs::path& file) {
  std::string extension = file.extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return !file.filename().string().starts_with(".") &&
         (extension == ".png" || extension == ".jpg" || extension == ".jpeg");
}

void throw_if_any(const std::vector<std::string>& problems) {
  if (problems.empty()) return;
  std::string text;
  for (size_t i = 0; i < std::min(problems.size(), kShownProblems); ++i) {
    text += (i == 0 ? "" : "\n") + problems[i];
  }
  if (problems.size() > kShownProblems) {
    text += fmt::format("\n... and {} more", problems.size() - kShownProblems);
  }
  throw Error(ErrorKind::kData, text);
}

// The images of a folder, sorted by file name; none and a problem when there are none.
std::vector<fs::path> list_folder(const fs::path& folder, std::vector<std::string>& problems) {
  std::vector<fs::path> files;
  std::error_code failed;
  for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    std::error_code gone;
    if (is_image_name(entry->path()) && entry->is_regular_file(gone))
      files.push_back(entry->path());
  }
  if (failed) {
    problems.push_back(
        fmt::format("{}: {}; data.root must hold the folders trainA, trainB, testA "
                    "and testB",
                    folder.string(), failed.message()));
  } else if (files.empty()) {
    problems.push_back(fmt::format("{}: holds no PNG or JPEG image", folder.string()));
  }
  std::sort(files.begin(), files.end(), [](const fs::path& a, const fs::path& b) {
    return a.filename().native() < b.filename().native();
  });
  return files;
}

std::vector<Field> list_fields(const fs::path& root) {
  std::vector<std::string> problems;
  std::vector<Field> fields;
  for (size_t split = 0; split < kSplits.size(); ++split) {
    int64_t index = 0;
    for (fs::path& file : list_folder(root / kSplits[split], problems)) {
      fields.push_back({split, index++, std::move(file)});
    }
  }
  throw_if_any(problems);
  return fields;
}

int64_t count_of(const std::vector<Field>& fields, size_t split) {
  return std::count_if(fields.begin(), fields.end(),
                       [&](const Field& field) { return field.split == split; });
}

// The first field whose header can be read: all others must have its bit depth.
struct Reference {
  fs::path file;
  int64_t bits = 8;
};

Reference reference_of(const std::vector<Field>& fields) {
  for (const Field& field : fields) {
    try {
      return {field.file, read_image_info(field.file).bits};
    } catch (const Error&) {  // reported with all other problems
    }
  }
  return {};
}

void check_header(const fs::path& file, const ImageInfo& info, const Reference& reference,
                  const DatasetSpec& spec) {
  if (info.bits != reference.bits) {
    throw Error(
        ErrorKind::kData,
        fmt::format("{}: has {} bits per channel, but {} has {}; one data set has one depth",
                    file.string(), info.bits, reference.file.string(), reference.bits));
  }
  const int64_t side = std::min(info.height, info.width);
  if (side >= spec.image_size) return;
  const auto* fitting = std::find_if(kImageSizes.begin(), kImageSizes.end(),
                                     [&](int64_t size) { return size <= side; });
  throw Error(ErrorKind::kData,
              fmt::format("{}: {} x {} pixels are less than data.image_size {}; {}", file.string(),
                          info.width, info.height, spec.image_size,
                          fitting == kImageSizes.end()
                              ? "no image_size is that small"
                              : fmt::format("data.image_size {} would work", *fitting)));
}

using Use = std::function<void(const Field&, const at::Tensor& raw)>;

// Decodes and checks every field and hands the good ones to `use`, from several threads. Returns
// the digest of all. Throws all problems at once.
std::string check_fields(const std::vector<Field>& fields, const DatasetSpec& spec,
                         const Use& use) {
  const Reference reference = reference_of(fields);
  std::vector<std::string> problems(fields.size());
  std::vector<std::string> digests(fields.size());
  on_all_cores(fields.size(), [&](size_t i) {
    try {
      check_header(fields[i].file, read_image_info(fields[i].file), reference, spec);
      use(fields[i], read_image(fields[i].file));
      digests[i] = sha256_of_file(fields[i].file);
    } catch (const Error& problem) {
      problems[i] = problem.what();
    }
  });
  std::erase(problems, "");
  throw_if_any(problems);
  Sha256 all;
  for (size_t i = 0; i < fields.size(); ++i) {
    all.update(fmt::format("{}/{} {}\n", kSplits[fields[i].split],
                           fields[i].file.filename().string(), digests[i]));
  }
  return all.hex();
}

// The four sets of a data set while their fields come in, in any order and from several threads.
class FieldStore {
 public:
  FieldStore(const DatasetSpec& spec, const std::vector<Field>& fields, at::ScalarType type,
             DataSet& data)
      : spec_(spec), sets_{&data.train_a, &data.train_b, &data.test_a, &data.test_b} {
    for (size_t split = 0; split < sets_.size(); ++split) {
      const int64_t tiles = tiles_of(split);
      const int64_t side = side_of(split) / tiles;
      sets_[split]->images =
          at::empty({count_of(fields, split) * tiles * tiles, 3, side, side}, type);
    }
    for (const Field& field : fields) add_names(field);
  }

  // Grey levels of any size.
  void put(const Field& field, const at::Tensor& levels) {
    const int64_t side = side_of(field.split);
    const at::Tensor resized = resize_bicubic(levels, side, side).contiguous();
    if (resized.scalar_type() == at::kByte) {
      put_as<uint8_t>(field, resized);
    } else {
      put_as<float>(field, resized);
    }
  }

 private:
  int64_t tiles_of(size_t split) const { return is_training(split) ? 1 : spec_.tiles; }
  int64_t side_of(size_t split) const {
    return is_training(split) ? training_side(spec_) : spec_.tiles * spec_.image_size;
  }

  void add_names(const Field& field) {
    const std::string name = field.file.stem().string();
    const int64_t tiles = tiles_of(field.split);
    for (int64_t tile = 0; tile < tiles * tiles; ++tile) {
      sets_[field.split]->names.push_back(
          tiles == 1 ? name : fmt::format("{}-{}-{}", name, tile / tiles, tile % tiles));
    }
  }

  // Copies line by line into the field's tiles.
  template <typename T>
  void put_as(const Field& field, const at::Tensor& image) {
    const int64_t tiles = tiles_of(field.split);
    const int64_t side = image.size(1);
    const int64_t size = side / tiles;
    T* const first = sets_[field.split]->images.mutable_data_ptr<T>() +
                     field.index * tiles * tiles * 3 * size * size;
    const T* from = image.const_data_ptr<T>();
    for (int64_t line = 0; line < 3 * side; ++line) {
      const int64_t channel = line / side;
      const int64_t y = line % side;
      for (int64_t column = 0; column < tiles; ++column, from += size) {
        const int64_t tile = y / size * tiles + column;
        T* to = first + ((tile * 3 + channel) * size + y % size) * size;
        // Resizing a float image may overshoot; grey levels end at 0 and 255.
        std::transform(from, from + size, to,
                       [](T level) { return std::clamp(level, T{0}, T{255}); });
      }
    }
  }

  const DatasetSpec& spec_;
  std::array<ImageSet*, 4> sets_;
};

constexpr ChannelRanges full_range(double high) { return {{{0, high}, {0, high}, {0, high}}}; }

}  // namespace

DataSummary inspect_folders(const DatasetSpec& spec) {
  const auto fields = list_fields(spec.root);
  const std::string digest = check_fields(fields, spec, [](const Field&, const at::Tensor&) {});
  return {count_of(fields, 0), count_of(fields, 1), count_of(fields, 2), count_of(fields, 3),
          digest};
}

DataSet load_folders(const DatasetSpec& spec) {
  const auto fields = list_fields(spec.root);
  const bool deep = reference_of(fields).bits == 16;
  const bool stretch = spec.scaling == Scaling::kPercentile;
  DataSet data;
  data.range = full_range(deep ? 65535 : 255);
  FieldStore store(spec, fields, deep || stretch ? at::kFloat : at::kByte, data);
  if (!stretch) {
    data.digest = check_fields(fields, spec, [&](const Field& field, const at::Tensor& raw) {
      store.put(field, deep ? scale_to_grey_levels(raw, data.range) : raw);
    });
    return data;
  }
  RawHistogram histogram;
  data.digest = check_fields(fields, spec, [&](const Field& field, const at::Tensor& raw) {
    if (is_training(field.split)) histogram.add(raw);
  });
  data.range = histogram.percentiles(spec.percentile_low, spec.percentile_high);
  on_all_cores(fields.size(), [&](size_t i) {
    store.put(fields[i], scale_to_grey_levels(read_image(fields[i].file), data.range));
  });
  return data;
}

}  // namespace scgan
