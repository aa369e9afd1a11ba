// Computes FID and KID between two sets, each a folder of images or a file of statistics: the work
// of scgan_fid.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/data/skipped_files.h"
#include "core/eval/fid.h"
#include "core/eval/kid.h"
#include "core/features/feature_extractor.h"
#include "core/model/generator_input.h"
#include "core/spec/run_spec.h"
#include "tools/fid/image_features.h"

namespace scgan {

// The run whose FID is computed again: what its weights say about it.
struct TrainedOn {
  // How its test images were prepared.
  GeneratorInput input;
  // nullopt if the file does not say it.
  std::optional<Direction> direction;
};

// Throws Error(kData), naming the file, if it cannot be read or does not say how images were
// prepared.
TrainedOn trained_on(const std::filesystem::path& weights);

struct FidRequest {
  // A folder, a .npz file with mu and sigma or, with `run`, a CSV file as for data.kind manifest,
  // of which the test rows are read.
  std::filesystem::path a = {};
  // The same; may be empty when `save` is set.
  std::filesystem::path b = {};
  // File for the statistics of a; empty = none.
  std::filesystem::path save = {};
  FeatureOptions features = {};
  // Images are resized to tiles * size pixels per side and cut into tiles x tiles squares; size 0:
  // they keep their size.
  int64_t size = 0;
  int64_t tiles = 1;
  // Images are prepared as this run's test images were, instead of by `size` and `tiles`, and the
  // sets are compared in the order of the run's scores. Images of `a` are the generator's
  // translations, whose levels are not scaled again, unless `untranslated`.
  std::optional<TrainedOn> run = std::nullopt;
  bool untranslated = false;
  KidOptions kid = {};
  // Compute FID in both ways; both sets must be images.
  bool self_check = false;
};

struct FidSet {
  std::filesystem::path path;
  // 0 for a file of statistics, which does not say how many images it is from.
  int64_t images = 0;
  // Images of 16 bits, which were scaled to 8.
  int64_t images_16bit = 0;
  // Files that were resized, and to which side.
  int64_t resized = 0, side = 0;
  // What the folder holds besides the images.
  SkippedFiles skipped = {};
  // Images in each half of the set; 0 when halves would have fewer than 2.
  int64_t half_size = 0;
  // Between the first and the last half: how far apart samples of one source are for this
  // extractor, unless file names sort them.
  double fid_halves = 0, kid_halves = 0;
};

struct FidReport {
  FidSet a;
  std::optional<FidSet> b;
  std::optional<double> fid;
  // When both sets are images.
  std::optional<KidResult> kid;
  int64_t kid_subsets = 0;
  std::optional<FrechetSelfCheck> self_check;
  int64_t feature_count = 0;
  // Of the extractor; empty when no image was read.
  std::string extractor, digest, preprocessing;
  // Full sentences.
  std::vector<std::string> warnings;
};

// Makes the extractor, for images of `image_size`. Called before the first image is read, and not
// at all for files of statistics.
using MakeExtractor = std::function<std::unique_ptr<FeatureExtractor>(int64_t image_size)>;

// Throws Error(kInvalidSpec) for an invalid request, Error(kData) for bad input, Error(kStorage)
// when `save` cannot be written, and what make_extractor throws.
FidReport compare_sets(const FidRequest& request, const MakeExtractor& make_extractor);

}  // namespace scgan
