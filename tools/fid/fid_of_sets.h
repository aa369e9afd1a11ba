// FID and KID between any two sets, each a folder of images or a file of statistics: what
// scgan_fid prints.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/eval/fid.h"
#include "core/eval/kid.h"
#include "core/features/feature_extractor.h"
#include "tools/fid/image_features.h"

namespace scgan {

struct FidRequest {
  std::filesystem::path a = {};     // a folder, or a .npz file with mu and sigma
  std::filesystem::path b = {};     // the same; may be empty
  std::filesystem::path save = {};  // the statistics of a are written here; empty: nowhere
  FeatureOptions features = {};
  KidOptions kid = {};
  bool self_check = false;  // FID in both ways; both sets must be images
};

// Of one set.
struct FidSet {
  std::filesystem::path path;
  int64_t images = 0;        // 0: a file of statistics, whose number of images nobody knows
  int64_t images_16bit = 0;  // of 16 bits, scaled to 8
  int64_t other_files = 0;   // in the folder, passed over
  // Between its first and its last half_size images: what this extractor finds between samples of
  // one source, so far as file names do not sort them.
  int64_t half_size = 0;  // 0: no halves of 2 or more images
  double fid_halves = 0, kid_halves = 0;
};

struct FidReport {
  FidSet a;
  std::optional<FidSet> b;
  std::optional<double> fid;
  std::optional<KidResult> kid;  // where both are images
  int64_t kid_subsets = 0;
  std::optional<FrechetSelfCheck> self_check;
  int64_t feature_count = 0;
  // Of the extractor; empty where no image was looked at.
  std::string extractor, digest, preprocessing;
  std::vector<std::string> warnings;  // full sentences
};

// Makes the extractor when the first image is looked at, for images of `image_size`; sets of
// statistics alone need none.
using MakeExtractor = std::function<std::unique_ptr<FeatureExtractor>(int64_t image_size)>;

// Throws Error(kInvalidSpec) for requests that cannot be met, Error(kData) for bad input,
// Error(kStorage) when `save` cannot be written.
FidReport fid_of_sets(const FidRequest& request, const MakeExtractor& make_extractor);

}  // namespace scgan
