// A folder of decoded, scaled and resized images: a later start of the same data set maps them into
// memory and reads no image file. Everything in the folder may be deleted at any time.
//
//   images-KEY    all images of a data set, then their catalog (image_catalog.h), then its size and
//                 checksum, in this machine's byte order. KEY: hash of the data's digest and of
//                 pixels_key(). Images and catalog have checksums.
//   sources-KEY   the digest of the data set that an inspection found. KEY: hash of pixels_key()
//   and of what the file system
//                 records of every source file: path, inode, size, times of modification and
//                 change.
//
// Files appear complete under their names and are never modified, only replaced by equal ones, so
// that any number of processes may use and create them at once, without locks.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/temporary_file.h"
#include "core/data/dataset.h"
#include "core/data/field_of_view.h"
#include "core/data/image_catalog.h"

namespace scgan {

// Every value of the spec that decides the pixels made from given files, and the format's version.
std::string pixels_key(const DatasetSpec& spec);

class DataCache {
 public:
  DataCache(std::filesystem::path folder, DatasetSpec spec);

  // Identifies source files that have not changed, without reading their content. Returns nullopt
  // if only the content can show it: a file changed so recently that another change may leave its
  // times as they are, or its file system does not keep the time of a change (FAT, exFAT, FUSE).
  std::optional<std::string> sources_key(const std::vector<FieldOfView>& fields) const;

  // The digest that an inspection of the same sources found; nullopt if there was none.
  std::optional<std::string> known(const std::optional<std::string>& sources) const;

  // The digest from the content of the files, none of which is decoded or checked. nullopt if a
  // file cannot be read, or if the cache has no images that the digest could belong to.
  std::optional<std::string> digest_by_content(const std::vector<FieldOfView>& fields) const;

  struct Opened {
    DataSummary summary;
    Dataset data;
  };
  // The images of the data set; nullopt if they are not there or, with a warning, if they are
  // damaged. All checksums are checked, on all cores, unless another process of this host has the
  // same images open: then they are what that process has checked.
  std::optional<Opened> open(const std::string& digest) const;

  // Stores the images under their name and creates the folder. `images` holds the block of the
  // catalog, and gets the catalog. Throws Error(kStorage).
  void publish(const TemporaryFile& images, const ImageCatalog& catalog) const;
  // Stores what known() returns. Does nothing without a key. Throws Error(kStorage).
  void publish(const std::string& digest, const std::optional<std::string>& sources) const;

 private:
  // nullopt with a problem, or without one if there is no file.
  std::optional<Opened> try_open(const std::string& digest, std::string& problem) const;
  bool has_images() const;
  void make_folder() const;
  std::filesystem::path images_file(const std::string& digest) const;
  std::filesystem::path sources_file(const std::string& sources) const;

  std::filesystem::path folder_;
  DatasetSpec spec_;
  std::string pixels_;
};

}  // namespace scgan
