// What a folder of images holds that is not read, so that nothing is skipped in silence.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace scgan {

struct SkippedFiles {
  struct Group {
    // ".bmp", "without ending", "subfolder with images", "link to nothing"
    std::string kind;
    int64_t count = 0;
    // The first names, at most kMostExamples.
    std::vector<std::string> examples;
    // Holds images, as far as the name tells: a user would want them to be read.
    bool is_image = false;
  };
  static constexpr size_t kMostExamples = 3;

  std::filesystem::path folder;
  std::vector<Group> groups;

  // Of the files that are worth a word: not hidden files, texts, tables, thumbnails' databases.
  int64_t count() const;
  // Whether some of them are images: then the word is a warning.
  bool has_images() const;
};

// One line: the folder, the numbers and the first names of each group, and what to do; "" if
// nothing was skipped.
std::string to_string(const SkippedFiles& skipped);

// Collects the entries of a folder other than the images that are read.
class SkippedCollector {
 public:
  // Reads subfolders to see whether they hold images.
  void add(const std::filesystem::directory_entry& entry);

  SkippedFiles collected(const std::filesystem::path& folder) const;

 private:
  struct Entry {
    std::string kind, name;
    bool is_image = false;
  };
  std::vector<Entry> entries_;
};

// Whether a file's ending is one of PNG, JPEG and TIFF.
bool is_image_name(const std::filesystem::path& file);

}  // namespace scgan
