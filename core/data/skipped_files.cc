#include "core/data/skipped_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <string_view>

namespace scgan {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 5> kRead{".png", ".jpg", ".jpeg", ".tif", ".tiff"};

// Formats of images, most of them of microscopes and cameras.
constexpr std::array<std::string_view, 70> kOtherImages{
    ".apng", ".arw",  ".avif",  ".bif",  ".bmp", ".btf",  ".c01",  ".cr2",  ".cr3",  ".czi",
    ".dcm",  ".dib",  ".dicom", ".dm3",  ".dm4", ".dng",  ".dv",   ".emf",  ".eps",  ".exr",
    ".fit",  ".fits", ".flex",  ".gif",  ".h5",  ".hdf5", ".hdr",  ".heic", ".heif", ".ico",
    ".ims",  ".j2k",  ".jfif",  ".jp2",  ".jpe", ".jpx",  ".jxl",  ".jxr",  ".lif",  ".lsm",
    ".mha",  ".mhd",  ".mrc",   ".mrxs", ".n5",  ".nd2",  ".ndpi", ".nef",  ".nii",  ".nrrd",
    ".oib",  ".oif",  ".oir",   ".pam",  ".pbm", ".pgm",  ".pnm",  ".ppm",  ".psd",  ".qptiff",
    ".raw",  ".scn",  ".stk",   ".svs",  ".tga", ".vsi",  ".webp", ".xcf",  ".zarr", ".zvi"};

// Files that lie beside images and that nobody expects to be read.
constexpr std::array<std::string_view, 30> kQuiet{
    ".txt",   ".csv", ".tsv",  ".json", ".xml",    ".yaml",   ".yml", ".md",  ".log",    ".db",
    ".ini",   ".htm", ".html", ".pdf",  ".xls",    ".xlsx",   ".ods", ".doc", ".docx",   ".py",
    ".ipynb", ".m",   ".r",    ".sh",   ".cppipe", ".cpproj", ".ijm", ".md5", ".sha256", ".lnk"};

template <size_t count>
bool is_one_of(const std::array<std::string_view, count>& endings, std::string_view ending) {
  return std::find(endings.begin(), endings.end(), ending) != endings.end();
}

std::string ending_of(const fs::path& file) {
  std::string ending = file.extension().string();
  for (char& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return ending;
}

bool names_an_image(const fs::path& file) {
  return is_image_name(file) || is_one_of(kOtherImages, ending_of(file));
}

// Looks at a bounded number of entries.
bool holds_images(const fs::path& folder) {
  constexpr int kMostEntries = 10000;
  std::error_code failed;
  int seen = 0;
  for (fs::recursive_directory_iterator
           entry(folder, fs::directory_options::skip_permission_denied, failed),
       end;
       !failed && entry != end && seen < kMostEntries; entry.increment(failed), ++seen) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(".") && names_an_image(name)) return true;
  }
  return false;
}

}  // namespace

bool is_image_name(const fs::path& file) { return is_one_of(kRead, ending_of(file)); }

int64_t SkippedFiles::count() const {
  int64_t all = 0;
  for (const Group& group : groups) all += group.count;
  return all;
}

bool SkippedFiles::has_images() const {
  return std::any_of(groups.begin(), groups.end(),
                     [](const Group& group) { return group.is_image; });
}

std::string to_string(const SkippedFiles& skipped) {
  if (skipped.groups.empty()) return "";
  std::vector<std::string> parts;
  for (const SkippedFiles::Group& group : skipped.groups) {
    const auto more = group.count - std::ssize(group.examples);
    parts.push_back(fmt::format("{} {} ({}{})", group.count, group.kind,
                                fmt::join(group.examples, ", "), more > 0 ? ", ..." : ""));
  }
  return fmt::format(
      "{}: skipped {}{}", skipped.folder.string(), fmt::join(parts, ", "),
      skipped.has_images() ? "; only PNG, JPEG and TIFF files of the folder itself are read" : "");
}

void SkippedCollector::add(const fs::directory_entry& entry) {
  const fs::path& file = entry.path();
  const std::string name = file.filename().string();
  if (name.starts_with(".")) return;
  const std::string ending = ending_of(file);
  std::error_code failed;
  if (entry.is_directory(failed)) {
    if (ending == ".zarr" || ending == ".n5") {
      entries_.push_back({ending, name, true});
    } else if (holds_images(file)) {
      entries_.push_back({"subfolder with images", name, true});
    }
  } else if (entry.is_symlink(failed) && !entry.exists(failed)) {
    entries_.push_back({"link to nothing", name, names_an_image(file)});
  } else if (!entry.is_regular_file(failed)) {
    entries_.push_back({"neither file nor folder", name, names_an_image(file)});
  } else if (!is_one_of(kQuiet, ending)) {
    entries_.push_back({ending.empty() ? "without ending" : ending, name, names_an_image(file)});
  }
}

SkippedFiles SkippedCollector::collected(const fs::path& folder) const {
  std::map<std::string, SkippedFiles::Group> groups;
  std::vector<Entry> entries = entries_;
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.name < b.name; });
  for (const Entry& entry : entries) {
    SkippedFiles::Group& group = groups[entry.kind];
    group.kind = entry.kind;
    ++group.count;
    group.is_image = group.is_image || entry.is_image;
    if (group.examples.size() < SkippedFiles::kMostExamples) group.examples.push_back(entry.name);
  }
  SkippedFiles skipped{folder, {}};
  for (auto& [kind, group] : groups) skipped.groups.push_back(std::move(group));
  return skipped;
}

}  // namespace scgan
