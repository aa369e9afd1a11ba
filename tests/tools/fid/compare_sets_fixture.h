// Folders of images in one colour each, and compare_sets() on them.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/data/image_folder.h"
#include "core/features/feature_extractor.h"
#include "core/image/image_file.h"
#include "tests/support/temp_dir.h"
#include "tools/fid/compare_sets.h"

namespace scgan {

// The mean of each channel: three features, so that the features of a constant image are its
// colour. Records the shape of each call.
class ChannelMeans final : public FeatureExtractor {
 public:
  explicit ChannelMeans(std::vector<std::vector<int64_t>>* calls = nullptr) : calls_(calls) {}
  at::Tensor features(const at::Tensor& images) const override {
    EXPECT_EQ(images.scalar_type(), at::kByte);
    if (calls_ != nullptr) calls_->push_back(images.sizes().vec());
    return images.to(at::kFloat).mean(at::IntArrayRef{2, 3});
  }
  std::string name() const override { return "channel_means"; }
  std::string digest() const override { return std::string(64, 'a'); }
  std::string preprocessing() const override { return "uint8 RGB"; }

 private:
  std::vector<std::vector<int64_t>>* calls_;
};

class CompareSetsTest : public testing::Test {
 protected:
  std::filesystem::path path(const std::string& name) const { return folder_.path() / name; }

  // An RGB image of one colour.
  void add(const std::string& name, int red, int green, int blue, int height = 8,
           int width = 8) const {
    std::filesystem::create_directories(path(name).parent_path());
    at::Tensor image = at::empty({3, height, width}, at::kByte);
    image[0].fill_(red);
    image[1].fill_(green);
    image[2].fill_(blue);
    write_png(path(name), image);
  }

  std::vector<ImageFiles> files_of(const std::string& folder) const {
    std::vector<ImageFiles> files;
    for (const std::filesystem::path& file : list_images(path(folder)).files)
      files.push_back({file});
    return files;
  }

  FidReport compare(FidRequest request) const {
    return compare_sets(request, [](int64_t) { return std::make_unique<ChannelMeans>(); });
  }
  FidReport compare(const std::string& a, const std::string& b) const {
    return compare({.a = path(a), .b = path(b)});
  }

  // The two sets of four points with FID 19/3, in red and green; see fid_test.cc.
  void add_four_point_sets() const {
    add("a/0.png", 0, 0, 0);
    add("a/1.png", 2, 0, 0);
    add("a/2.png", 0, 2, 0);
    add("a/3.png", 2, 2, 0);
    add("b/0.png", 1, 1, 0);
    add("b/1.png", 3, 1, 0);
    add("b/2.png", 1, 5, 0);
    add("b/3.png", 3, 5, 0);
  }

  TempDir folder_;
};

}  // namespace scgan
