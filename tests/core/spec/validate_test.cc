#include "core/spec/validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace scgan {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Keys of the issues of a default spec after `change`.
std::vector<std::string> issues_after(const std::function<void(RunSpec&)>& change) {
  RunSpec spec;
  change(spec);
  resolve_defaults(spec);
  std::vector<std::string> keys;
  for (const SpecIssue& issue : validate(spec)) keys.push_back(issue.key);
  return keys;
}

TEST(ValidateTest, DefaultsAreValid) {
  EXPECT_THAT(issues_after([](RunSpec&) {}), IsEmpty());
}

TEST(ValidateTest, ImageSizeIsOneOfFive) {
  for (const int64_t size : {64, 128, 256, 512, 1024}) {
    EXPECT_THAT(issues_after([&](RunSpec& s) { s.data.image_size = size; }), IsEmpty());
  }
  EXPECT_THAT(issues_after([](RunSpec& s) { s.data.image_size = 96; }),
              ElementsAre("data.image_size"));
}

TEST(ValidateTest, LoadSizeHoldsTheCrop) {
  EXPECT_THAT(issues_after([](RunSpec& s) { s.data.load_size = 255; }),
              ElementsAre("data.load_size"));
  EXPECT_THAT(issues_after([](RunSpec& s) { s.data.load_size = 256; }), IsEmpty());
  EXPECT_THAT(issues_after([](RunSpec& s) {
                s.data.load_size = 255;
                s.data.crop = false;
              }),
              IsEmpty());
}

TEST(ValidateTest, PercentilesAreOrdered) {
  EXPECT_THAT(issues_after([](RunSpec& s) { s.data.percentile_low = 99.9; }),
              ElementsAre("data.percentile_low"));
  EXPECT_THAT(issues_after([](RunSpec& s) { s.data.scaling = Scaling::kPercentile; }),
              ElementsAre("data.scaling"));  // generated cells
}

TEST(ValidateTest, BatchIsAPowerOfTwoOfMicroBatches) {
  EXPECT_THAT(issues_after([](RunSpec& s) { s.train.micro_batch = 3; }),
              ElementsAre("train.micro_batch"));
  EXPECT_THAT(issues_after([](RunSpec& s) { s.train.batch_size = 6; }),
              ElementsAre("train.micro_batch"));
  EXPECT_THAT(issues_after([](RunSpec& s) {
                s.train.batch_size = 6;
                s.train.micro_batch = 3;
              }),
              IsEmpty());
}

TEST(ValidateTest, TrainingHasAnEpochWithAStep) {
  EXPECT_THAT(issues_after([](RunSpec& s) { s.train.epochs = s.train.decay_epochs = 0; }),
              ElementsAre("train.epochs"));
  EXPECT_THAT(issues_after([](RunSpec& s) { s.data.synthetic.train_images = 7; }),
              ElementsAre("train.batch_size"));
  EXPECT_THAT(issues_after([](RunSpec& s) { s.data.percentage = 10; }),  // 5 of 48 images
              ElementsAre("train.batch_size"));
}

TEST(ValidateTest, PathsAreThereWhenAndOnlyWhenTheyAreRead) {
  EXPECT_THAT(issues_after([](RunSpec& s) { s.data.kind = DataKind::kFolders; }),
              ElementsAre("data.root"));
  EXPECT_THAT(issues_after([](RunSpec& s) { s.data.root = "images"; }), ElementsAre("data.root"));
  EXPECT_THAT(
      issues_after([](RunSpec& s) { s.evaluate.extractor.kind = ExtractorKind::kTorchScript; }),
      ElementsAre("evaluate.extractor.file"));
  EXPECT_THAT(
      issues_after([](RunSpec& s) { s.evaluate.extractor.kind = ExtractorKind::kInceptionV3; }),
      ElementsAre("evaluate.extractor.file"));
  EXPECT_THAT(issues_after([](RunSpec& s) { s.data.kind = DataKind::kManifest; }),
              ElementsAre("data.manifest"));
  EXPECT_THAT(issues_after([](RunSpec& s) { s.data.manifest = "x.csv"; }),
              ElementsAre("data.manifest"));
  EXPECT_THAT(issues_after([](RunSpec& s) { s.evaluate.extractor.file = "x.pt"; }),
              ElementsAre("evaluate.extractor.file"));
}

TEST(ValidateTest, ListsHaveNoDuplicates) {
  EXPECT_THAT(issues_after([](RunSpec& s) {
                s.model.diffaug = {"color", "color"};
              }),
              ElementsAre("model.diffaug"));
  EXPECT_THAT(issues_after([](RunSpec& s) {
                s.evaluate.directions = {Direction::kAtoB, Direction::kAtoB};
              }),
              ElementsAre("evaluate.directions"));
  EXPECT_THAT(issues_after([](RunSpec& s) { s.evaluate.directions.clear(); }),
              ElementsAre("evaluate.directions"));
}

TEST(ValidateTest, DecodersFitTheDiscriminator) {
  const auto issues = [](auto change) {
    return issues_after([&](RunSpec& s) {
      s.model.discriminator = DiscriminatorKind::kFastGan;
      change(s);
    });
  };
  EXPECT_THAT(issues([](RunSpec& s) { s.model.d_small_branch = false; }),
              ElementsAre("model.decoders"));
  EXPECT_THAT(issues([](RunSpec& s) {
                s.model.d_small_branch = false;
                s.model.decoders = {"big", "part"};
              }),
              IsEmpty());
  EXPECT_THAT(issues([](RunSpec& s) { s.model.part_size = 6; }), ElementsAre("model.part_size"));
  EXPECT_THAT(issues([](RunSpec& s) { s.loss.ssl_distance = SslDistance::kLpips; }),
              ElementsAre("loss.lpips_weights"));
  EXPECT_THAT(issues_after([](RunSpec& s) { s.model.d_spectral_norm = Switch::kOn; }),
              ElementsAre("model.d_spectral_norm"));
}

TEST(ValidateTest, TheBestCheckpointNeedsScoresDuringTraining) {
  EXPECT_THAT(issues_after([](RunSpec& s) { s.evaluate.checkpoint = CheckpointChoice::kBest; }),
              ElementsAre("evaluate.checkpoint"));
  EXPECT_THAT(issues_after([](RunSpec& s) {
                s.evaluate.checkpoint = CheckpointChoice::kBest;
                s.evaluate.every_epochs = 10;
              }),
              IsEmpty());
}

TEST(ValidateTest, SeedsFit31Bits) {
  EXPECT_THAT(issues_after([](RunSpec& s) { s.seed = 2147483647; }), IsEmpty());
  EXPECT_THAT(issues_after([](RunSpec& s) { s.seed = 2147483648; }), ElementsAre("sweep.seeds"));
  EXPECT_THAT(issues_after([](RunSpec& s) { s.seed = -1; }), ElementsAre("sweep.seeds"));
}

TEST(ValidateTest, AllIssuesComeAtOnce) {
  EXPECT_THAT(
      issues_after([](RunSpec& s) {
        s.seed = -1;
        s.data.image_size = 65;
        s.train.micro_batch = 5;
        s.evaluate.directions.clear();
      }),
      ElementsAre("sweep.seeds", "data.image_size", "train.micro_batch", "evaluate.directions"));
}

TEST(ValidateTest, RanksPerRunAreThePowersOfTwoThatDivideTheMicroBatches) {
  RunSpec spec;  // 8 / 2
  EXPECT_THAT(possible_ranks_per_run(spec), ElementsAre(1, 2, 4));
  spec.train.micro_batch = 8;
  EXPECT_THAT(possible_ranks_per_run(spec), ElementsAre(1));
  spec.train.micro_batch = 1;
  EXPECT_THAT(possible_ranks_per_run(spec), ElementsAre(1, 2, 4, 8));
  EXPECT_THAT(issues_after([](RunSpec& s) { s.run.ranks_per_run = 4; }), IsEmpty());
  EXPECT_THAT(issues_after([](RunSpec& s) { s.run.ranks_per_run = 3; }),
              ElementsAre("run.ranks_per_run"));
}

}  // namespace
}  // namespace scgan
