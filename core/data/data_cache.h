// Decoded, scaled and resized images in a folder, so that a later start of the same data set maps
// them into memory and reads no image file. Everything in the folder may be deleted at any time.
//
//   images-KEY    all images of a data set. KEY: hash of the data's digest and of pixels_key(). One
//                 page with a header, the images as image_layout.h locations them, the catalog.
//                 Everything has a checksum. Numbers are in this machine's byte order.
//   sources-KEY   what inspection found out. KEY: hash of the path, size and time of last change of
//                 every source file, and of pixels_key().
//
// Files appear whole under their names and are never changed, only replaced by equal ones: any
// number of processes may use and make them at once, without locks.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/temporary_file.h"
#include "core/data/dataset.h"
#include "core/data/field_of_view.h"
#include "core/data/image_layout.h"

namespace scgan {

// Every value of the spec that decides what becomes of given files, and the format's version.
std::string pixels_key(const DatasetSpec& spec);

// Looks at every file's size and time, on all cores, and reads none.
std::string sources_key(const DatasetSpec& spec, const std::vector<FieldOfView>& fields);

// Completes a file that holds the images with header and catalog. Throws Error(kStorage).
void write_catalog(const TemporaryFile& file, const DatasetSpec& spec, const ImageCatalog& catalog);

class DataCache {
 public:
  explicit DataCache(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // What inspection of unchanged files found before; nullopt when nothing is known.
  std::optional<DataSummary> known(const std::string& sources) const;

  // The images of a data set, all checksums verified on all cores; nullopt when they are not there
  // or, with a warning, damaged.
  std::optional<Dataset> open(const DatasetSpec& spec, const std::string& digest) const;

  // Keeps both; makes the folder. Throws Error(kStorage).
  void publish(const TemporaryFile& images, const DatasetSpec& spec, const std::string& sources,
               const DataSummary& summary) const;

 private:
  // nullopt and a problem, or nullopt alone when there is no file.
  std::optional<Dataset> attempt(const DatasetSpec& spec, const std::string& digest,
                                 std::string& problem) const;
  std::filesystem::path images_file(const DatasetSpec& spec, const std::string& digest) const;
  std::filesystem::path sources_file(const std::string& sources) const;

  std::filesystem::path folder_;
};

}  // namespace scgan
