#include "core/data/image_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <string_view>

#include "core/base/error.h"
#include "core/base/problems.h"

namespace scgan {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 5> kExtensions{".png", ".jpg", ".jpeg", ".tif", ".tiff"};

bool is_image_name(const fs::path& file) {
  std::string extension = file.extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

}  // namespace

ImageList list_images(const fs::path& folder) {
  ImageList list;
  std::error_code failed;
  for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    std::error_code gone;
    if (entry->path().filename().string().starts_with(".") || !entry->is_regular_file(gone)) {
      continue;
    }
    if (is_image_name(entry->path())) {
      list.files.push_back(entry->path());
    } else {
      ++list.others;
    }
  }
  if (failed) {
    throw Error(ErrorKind::kData, fmt::format("{}: {}", folder.string(), failed.message()));
  }
  if (list.files.empty()) {
    throw Error(ErrorKind::kData,
                fmt::format("{}: holds no PNG, JPEG or TIFF image", folder.string()));
  }
  std::sort(list.files.begin(), list.files.end(), [](const fs::path& a, const fs::path& b) {
    return a.filename().native() < b.filename().native();
  });
  return list;
}

std::vector<FieldOfView> list_folder_fields(const DatasetSpec& spec) {
  std::vector<std::string> problems;
  std::vector<FieldOfView> fields;
  for (const Split split : kSplits) {
    if (!is_listed(spec, split)) continue;
    int64_t index = 0;
    const fs::path folder = fs::path(spec.root) / to_string(split);
    try {
      for (const fs::path& file : list_images(folder).files) {
        const std::string label = fmt::format("{}/{}", to_string(split), file.filename().string());
        fields.push_back({split, index++, file.stem().string(), label, {file}, ""});
      }
    } catch (const Error& problem) {
      std::error_code failed;
      problems.emplace_back(problem.what());
      if (!fs::is_directory(folder, failed)) {
        problems.back() += "; data.root must hold the folders trainA, trainB, testA and testB";
      }
    }
  }
  throw_if_any(problems);
  return fields;
}

}  // namespace scgan
