#include "core/data/image_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "core/base/error.h"
#include "core/base/problems.h"

namespace scgan {
namespace {

namespace fs = std::filesystem;

// The result may be empty.
ImageList listed(const fs::path& folder) {
  ImageList list;
  SkippedCollector skipped;
  std::error_code failed;
  for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    std::error_code gone;
    const fs::path& file = entry->path();
    const bool hidden = file.filename().string().starts_with(".");
    if (!hidden && is_image_name(file) && entry->is_regular_file(gone)) {
      list.files.push_back(file);
    } else {
      skipped.add(*entry);
    }
  }
  if (failed) {
    throw Error(ErrorKind::kData, fmt::format("{}: {}", folder.string(), failed.message()));
  }
  std::sort(list.files.begin(), list.files.end(), [](const fs::path& a, const fs::path& b) {
    return a.filename().native() < b.filename().native();
  });
  list.skipped = skipped.collected(folder);
  return list;
}

}  // namespace

ImageList list_images(const fs::path& folder) {
  ImageList list = listed(folder);
  if (!list.files.empty()) return list;
  const std::string skipped = to_string(list.skipped);
  throw Error(ErrorKind::kData,
              skipped.empty() ? fmt::format("{}: holds no PNG, JPEG or TIFF image", folder.string())
                              : fmt::format("{}: holds no PNG, JPEG or TIFF image; {}",
                                            folder.string(), skipped));
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

std::vector<SkippedFiles> skipped_files(const DatasetSpec& spec) {
  std::vector<SkippedFiles> all;
  if (spec.kind != DataKind::kFolders) return all;
  for (const Split split : kSplits) {
    if (!is_listed(spec, split)) continue;
    try {
      all.push_back(listed(fs::path(spec.root) / to_string(split)).skipped);
    } catch (const Error&) {  // list_folder_fields() reports it
      continue;
    }
  }
  std::erase_if(all, [](const SkippedFiles& skipped) { return skipped.groups.empty(); });
  return all;
}

}  // namespace scgan
