#include "core/eval/evaluator.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/linspace.h>
#include <gtest/gtest.h>
#include <torch/nn/module.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/comm/solo_communicator.h"
#include "core/data/data_loader.h"
#include "core/data/dataset_source.h"
#include "core/eval/fid.h"
#include "core/features/extractor_factory.h"
#include "tests/support/temp_dir.h"
#include "tests/support/thread_communicator.h"

namespace scgan {
namespace {

// Generates one image, whatever it is shown.
class OneImage final : public Generator {
 public:
  torch::nn::Module& module() override { return module_; }
  at::Tensor forward(const at::Tensor& images) override {
    return image_.expand_as(images).contiguous();
  }

 private:
  at::Tensor image_ = at::linspace(-1, 1, 64);
  torch::nn::Module module_;
};

// Returns its input: a translation that changes nothing.
class Identity final : public Generator {
 public:
  torch::nn::Module& module() override { return module_; }
  at::Tensor forward(const at::Tensor& images) override { return images; }

 private:
  torch::nn::Module module_;
};

class EvaluatorTest : public ::testing::Test {
 protected:
  EvaluatorTest() {
    spec_.batch_size = 4;
    spec_.kid_subsets = 3;
    data_spec_.image_size = 64;
    data_spec_.synthetic = {2, 10, 1};  // 10 test images: two chunks of 4 and one of 2
    data_ = DatasetSource(data_spec_).load();
    extractor_ = make_feature_extractor(spec_.extractor, 64);
  }
  EvalSpec spec_;
  DatasetSpec data_spec_;
  Dataset data_;
  std::unique_ptr<FeatureExtractor> extractor_;
  Identity identity_;
};

TEST_F(EvaluatorTest, IdentityScoresAsTheUntranslatedImages) {
  Evaluator evaluator(spec_, data_, *extractor_);
  SoloCommunicator solo;
  const Score score = evaluator.score(identity_, Direction::kAtoB, solo);
  EXPECT_EQ(score.n_real, 10);
  EXPECT_EQ(score.n_fake, 10);
  // Converting to [-1, 1] and back lowers some levels by one, which changes these features
  // slightly.
  EXPECT_NEAR(score.fid / score.reference.fid_untranslated, 1, 0.2);
  EXPECT_GT(score.reference.fid_untranslated, score.reference.fid_real_halves);
}

TEST_F(EvaluatorTest, EqualOutputsHaveNoSpread) {
  SoloCommunicator solo;
  OneImage one_image;
  for (const bool known_change : {true, false}) {
    data_.known_change = known_change;
    Evaluator evaluator(spec_, data_, *extractor_);
    EXPECT_EQ(evaluator.score(one_image, Direction::kAtoB, solo).spread, 0);
    const auto spread = evaluator.score(identity_, Direction::kAtoB, solo).spread;
    EXPECT_NEAR(spread.value(), 0.4, 0.3);  // of images of A relative to B
  }
}

TEST_F(EvaluatorTest, UntranslatedCellsRecoverNothingOfTheKnownChange) {
  SoloCommunicator solo;
  const Score score = Evaluator(spec_, data_, *extractor_).score(identity_, Direction::kAtoB, solo);
  ASSERT_TRUE(score.recovered.total.has_value());
  EXPECT_NEAR(*score.recovered.total, 0, 0.1);  // one truncated grey level moves it a little
  ASSERT_TRUE(score.reference.recovered_real_halves.has_value());
  EXPECT_GT(*score.reference.recovered_real_halves, 0.7);
  data_.known_change = false;
  const Score folder =
      Evaluator(spec_, data_, *extractor_).score(identity_, Direction::kAtoB, solo);
  EXPECT_FALSE(folder.recovered.total.has_value());
  EXPECT_TRUE(at::equal(folder.fake_features, score.fake_features));
}

// 16-bit files become floats: the same picture must score as its 8-bit file.
TEST_F(EvaluatorTest, WholeGreyLevelsInFloatAreTheSameImages) {
  SoloCommunicator solo;
  const Score bytes = Evaluator(spec_, data_, *extractor_).score(identity_, Direction::kAtoB, solo);
  data_.test_b.images = data_.test_b.images.to(at::kFloat);
  const Score floats =
      Evaluator(spec_, data_, *extractor_).score(identity_, Direction::kAtoB, solo);
  EXPECT_TRUE(at::equal(floats.real_features, bytes.real_features));
}

TEST_F(EvaluatorTest, RealImagesAreCloserToTheirOwnDomainThanToTheOther) {
  data_.test_a = data_.test_b;
  Evaluator evaluator(spec_, data_, *extractor_);
  SoloCommunicator solo;
  EXPECT_NEAR(evaluator.score(identity_, Direction::kAtoB, solo).reference.fid_untranslated, 0,
              1e-6);
}

TEST_F(EvaluatorTest, FeaturesAreInTheOrderOfTheImages) {
  spec_.directions = {Direction::kBtoA};
  Evaluator evaluator(spec_, data_, *extractor_);
  SoloCommunicator solo;
  const Score score = evaluator.score(identity_, Direction::kBtoA, solo);
  EXPECT_TRUE(at::equal(score.real_features.narrow(0, 8, 2),
                        extractor_->features(data_.test_a.images.narrow(0, 8, 2))));
}

TEST_F(EvaluatorTest, ScoresHaveTheSameBitsAtAnyWorldSize) {
  SoloCommunicator solo;
  const Score expected =
      Evaluator(spec_, data_, *extractor_).score(identity_, Direction::kAtoB, solo);
  for (const int ranks : {2, 4}) {
    testing::on_ranks(ranks, [&](Communicator& communicator) {
      Identity identity;
      const Score score =
          Evaluator(spec_, data_, *extractor_).score(identity, Direction::kAtoB, communicator);
      EXPECT_TRUE(at::equal(score.fake_features, expected.fake_features));
      EXPECT_TRUE(at::equal(score.real_features, expected.real_features));
      EXPECT_EQ(score.fid, expected.fid);
      EXPECT_EQ(score.kid.subset_mean, expected.kid.subset_mean);
      EXPECT_EQ(score.spread, expected.spread);
    });
  }
}

// Only rank 0 has scored before: both ranks must compute what one of them lacks.
TEST_F(EvaluatorTest, RanksWithDifferentHistoriesScoreTogether) {
  SoloCommunicator solo;
  const Score expected =
      Evaluator(spec_, data_, *extractor_).score(identity_, Direction::kAtoB, solo);
  testing::on_ranks(2, [&](Communicator& communicator) {
    Identity identity;
    Evaluator evaluator(spec_, data_, *extractor_);
    SoloCommunicator alone;
    if (communicator.rank() == 0) evaluator.score(identity, Direction::kAtoB, alone);
    const Score score = evaluator.score(identity, Direction::kAtoB, communicator);
    EXPECT_TRUE(at::equal(score.real_features, expected.real_features));
    EXPECT_EQ(score.fid, expected.fid);
  });
}

// Counts the images whose features are computed.
class CountingExtractor final : public FeatureExtractor {
 public:
  explicit CountingExtractor(const FeatureExtractor& counted) : counted_(counted) {}
  at::Tensor features(const at::Tensor& images) const override {
    count += images.size(0);
    return counted_.features(images);
  }
  std::string name() const override { return counted_.name(); }
  std::string digest() const override { return counted_.digest(); }
  std::string preprocessing() const override { return counted_.preprocessing(); }

  mutable std::atomic<int64_t> count = 0;

 private:
  const FeatureExtractor& counted_;
};

void expect_equal(const Score& score, const Score& expected) {
  EXPECT_TRUE(at::equal(score.real_features, expected.real_features));
  EXPECT_TRUE(at::equal(score.fake_features, expected.fake_features));
  EXPECT_EQ(score.fid, expected.fid);
  EXPECT_EQ(score.kid.full, expected.kid.full);
  EXPECT_EQ(score.spread, expected.spread);
  EXPECT_EQ(score.reference.fid_untranslated, expected.reference.fid_untranslated);
  EXPECT_EQ(score.reference.kid_untranslated, expected.reference.kid_untranslated);
  EXPECT_EQ(score.reference.fid_real_halves, expected.reference.fid_real_halves);
  EXPECT_EQ(score.reference.kid_real_halves, expected.reference.kid_real_halves);
  EXPECT_EQ(score.reference.recovered_real_halves, expected.reference.recovered_real_halves);
}

// An evaluator with a file scores `images` images anew, and everything as one without a file.
class ReferenceFileTest : public EvaluatorTest {
 protected:
  ReferenceFileTest() { spec_.directions = {Direction::kBtoA, Direction::kAtoB}; }

  void expect_computed(int64_t images, const ReferenceFile& file) {
    SoloCommunicator solo;
    const CountingExtractor counting(*extractor_);
    Evaluator with_file(spec_, data_, counting, file);
    for (const Direction direction : spec_.directions) {
      expect_equal(with_file.score(identity_, direction, solo),
                   Evaluator(spec_, data_, *extractor_).score(identity_, direction, solo));
    }
    EXPECT_EQ(counting.count, 2 * kTranslated + images);
  }
  std::filesystem::path path() const {
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path() / "cache")) {
      if (entry.path().extension() == ".safetensors") return entry.path();
    }
    return "";
  }

  static constexpr int64_t kTranslated = 10, kReal = 2 * 10;
  TempDir folder_;
  ReferenceFile file_{folder_.path() / "cache", "key"};
};

TEST_F(ReferenceFileTest, TheRealImagesAreComputedOnce) {
  expect_computed(kReal, file_);
  expect_computed(0, file_);
  expect_computed(kReal, ReferenceFile(folder_.path() / "cache", "other key"));
  expect_computed(kReal, ReferenceFile());
}

TEST_F(ReferenceFileTest, ADamagedFileIsComputedAgain) {
  expect_computed(kReal, file_);
  const std::string whole = read_file(path());
  for (const size_t at : {size_t{0}, size_t{30}, size_t{200}, whole.size() / 2, whole.size() - 1}) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    write_file_atomically(path(), bytes);
    expect_computed(kReal, file_);
    EXPECT_EQ(read_file(path()), whole) << at;
  }
  write_file_atomically(path(), whole.substr(0, 100));
  expect_computed(kReal, file_);
  expect_computed(0, file_);
}

TEST_F(ReferenceFileTest, AFileOfAnotherKeyIsNotUsed) {
  expect_computed(kReal, file_);
  const auto first = path();
  const std::string bytes = read_file(first);
  std::filesystem::remove(first);
  const ReferenceFile other(folder_.path() / "cache", "other key");
  expect_computed(kReal, other);
  write_file_atomically(path(), bytes);
  expect_computed(kReal, other);
}

TEST_F(ReferenceFileTest, AFolderThatCannotBeWrittenIsOnlyAWarning) {
  expect_computed(kReal, ReferenceFile("/proc/none", "key"));
}

// Four groups of one rank, and two of two ranks, score at the same time: one of them computes.
TEST_F(ReferenceFileTest, GroupsThatScoreAtOnceComputeItOnce) {
  SoloCommunicator solo;
  const Score expected =
      Evaluator(spec_, data_, *extractor_).score(identity_, Direction::kAtoB, solo);
  for (const int ranks : {1, 2}) {
    const ReferenceFile file(folder_.path() / "cache", std::to_string(ranks));
    const CountingExtractor counting(*extractor_);
    std::vector<std::jthread> groups;
    for (int group = 0; group < 4 / ranks; ++group) {
      groups.emplace_back([&] {
        testing::on_ranks(ranks, [&](Communicator& communicator) {
          Identity identity;
          Evaluator evaluator(spec_, data_, counting, file);
          expect_equal(evaluator.score(identity, Direction::kAtoB, communicator), expected);
        });
      });
    }
    groups.clear();
    // In a group of two, chunks of 4, 4 and 2 are made by both ranks, and the last one twice.
    EXPECT_EQ(counting.count, ranks == 1 ? 4 * 10 + kReal : 2 * 12 + 2 * 12);
  }
}

}  // namespace
}  // namespace scgan
