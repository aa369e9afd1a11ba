#include "core/data/image_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>

namespace scgan {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 5> kExtensions{".png", ".jpg", ".jpeg", ".tif", ".tiff"};

bool is_image_name(const fs::path& file) {
  std::string extension = file.extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return !file.filename().string().starts_with(".") &&
         std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
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
    problems.push_back(fmt::format("{}: holds no PNG, JPEG or TIFF image", folder.string()));
  }
  std::sort(files.begin(), files.end(), [](const fs::path& a, const fs::path& b) {
    return a.filename().native() < b.filename().native();
  });
  return files;
}

}  // namespace

std::vector<Field> list_folder_fields(const DatasetSpec& spec) {
  std::vector<std::string> problems;
  std::vector<Field> fields;
  for (size_t split = 0; split < kSplits.size(); ++split) {
    if (!is_listed(spec, split)) continue;
    int64_t index = 0;
    for (fs::path& file : list_folder(fs::path(spec.root) / kSplits[split], problems)) {
      const std::string label = fmt::format("{}/{}", kSplits[split], file.filename().string());
      fields.push_back({split, index++, file.stem().string(), label, {file}, ""});
    }
  }
  throw_if_any(problems);
  return fields;
}

}  // namespace scgan
