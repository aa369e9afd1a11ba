// Where a data set comes from: files or a generator, and a cache of decoded images.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/temporary_file.h"
#include "core/data/data_cache.h"
#include "core/data/dataset.h"
#include "core/data/field_of_view.h"
#include "core/data/image_catalog.h"
#include "core/spec/run_spec.h"

namespace scgan {

// The fields of view of folders or of a manifest, in the order in which their images are numbered.
// With data.test_split: train, the training fields are repeated as the test ones. Throws
// Error(kData).
std::vector<FieldOfView> list_fields(const DatasetSpec& spec);

// A typical start: one process calls prepare() before the cache folder may exist, creates the
// folder and calls publish(); then all processes call load().
//
// With a cache folder (core/data/data_cache.h), only the first start of a data set reads and
// decodes files. The cache needs no locks, and a problem with it is at most a warning: the images
// are then decoded again. Generated images are not cached.
class DatasetSource {
 public:
  // An empty path means no cache.
  explicit DatasetSource(DatasetSpec spec, const std::filesystem::path& cache_folder = {});

  // Checks the whole data set: all files that a folder or manifest names exist, no split is empty,
  // every image can be decoded, has 1 or 3 channels, the bit depth of the others (float only with
  // percentile scaling) and no side smaller than image_size. Throws Error(kData) with all problems,
  // one per line, at most 20 and then a count. Writes nothing. Files that the cache knows are not
  // decoded: the file system shows that they have not changed (DataCache::sources_key), or, if it
  // cannot, their content does.
  DataSummary inspect() const;

  // Like inspect(), and keeps the decoded images for publish(): they are in a file without a name,
  // in the cache folder or its nearest existing parent, and vanish with this object.
  DataSummary prepare();

  // Moves the images that prepare() decoded into the cache folder, which is created if necessary; a
  // failure is a warning. Does nothing if the cache had them or if they could not be kept. Images
  // from the cache stay open as long as this object exists, so that no process of this host needs
  // to check them again.
  void publish();

  // The images, from the cache if they are there, else decoded and published. With the digest in
  // the spec, a load from the cache does not touch the source files. Throws Error(kData) like
  // inspect(). The images are read-only: all processes of a machine may share their memory.
  Dataset load() const;

 private:
  struct Decoded {
    TemporaryFile file;
    ImageCatalog catalog;
  };
  // What prepare() found and publish() stores.
  struct Prepared {
    DataSummary summary;
    std::optional<std::string> sources;
    // Not set if the cache has the images, or if they could not be kept.
    std::optional<Decoded> decoded;
    // Set if the cache has the images.
    std::optional<Dataset> data;
  };

  std::optional<Dataset> load_with_cache() const;
  Prepared prepared(const std::vector<FieldOfView>& fields) const;
  std::optional<Decoded> decode_to_disk(const std::vector<FieldOfView>& fields) const;
  void publish(const Prepared& prepared) const;
  Dataset mapped(const TemporaryFile& file, const ImageCatalog& catalog) const;

  DatasetSpec spec_;
  std::filesystem::path cache_folder_;
  std::optional<DataCache> cache_;
  std::optional<Prepared> prepared_;
  std::optional<Dataset> kept_open_;
};

}  // namespace scgan
