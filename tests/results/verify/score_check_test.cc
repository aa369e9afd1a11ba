#include "results/verify/score_check.h"

#include <fmt/format.h>

#include <limits>
#include <vector>

#include "core/base/atomic_file.h"
#include "results/store/result_store.h"
#include "results/verify/run_check.h"
#include "tests/results/verify/checked_folder.h"

namespace scgan::results {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr const char* kFeatures = "features-AtoB.safetensors";

class ScoreCheckTest : public CheckedFolder {
 protected:
  // Replaces the first run's features AtoB, with the digest.
  void write_features(const std::vector<Table>& tables) const {
    write_tensors(file(0, kFeatures), {{"run_id", id(0)}, {"step", "40"}}, tables);
    accept(0, kFeatures);
  }
};

TEST_F(ScoreCheckTest, EveryChangedScoreIsNamed) {
  const auto metrics = ResultStore::open_read_only(out() / "results.db").run(id(0)).metrics;
  for (size_t i = 0; i < metrics.size(); ++i) {
    const Metric& metric = metrics[i];
    if (metric.name == kOutputSpread) continue;
    sql(fmt::format("UPDATE metric SET value = value + abs(value) * 1e-5 WHERE id = {}", i + 1));
    EXPECT_THAT(
        problems(),
        ElementsAre(AllOf(StartsWith("run " + id(0)),
                          HasSubstr(path_of(0, "features-" + metric.direction)),
                          HasSubstr("gives " + score_name(metric) + " of " + metric.direction),
                          HasSubstr("results.db has"))));
    sql(fmt::format("UPDATE metric SET value = {} WHERE id = {}", metric.value, i + 1));
  }
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(ScoreCheckTest, WhatRoundingExplainsIsNoProblem) {
  sql("UPDATE metric SET value = value * (1 + 1e-7) WHERE name <> 'feature_count'");
  EXPECT_THAT(problems(), IsEmpty());
}

// The store keeps these scores for the reader; only the images could prove them.
TEST_F(ScoreCheckTest, AChangedOutputSpreadIsNotFound) {
  sql("UPDATE metric SET value = 0.75 WHERE name = 'output_spread'");
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(ScoreCheckTest, OneDirectionLeavesTheUntranslatedImagesOut) {
  RunSpec one_way = spec(0);
  one_way.evaluate.directions = {Direction::kAtoB};
  make({planned(one_way)});
  sql("DELETE FROM metric WHERE direction = 'BtoA'");
  const Verification found = verify(out());
  EXPECT_THAT(found.problems, IsEmpty());
  EXPECT_EQ(found.scores, 6);
  EXPECT_EQ(found.other_scores.at("fid of untranslated images"), 1);
  EXPECT_EQ(found.other_scores.at("kid of untranslated images"), 1);
}

TEST_F(ScoreCheckTest, OtherNumbersOfImagesAreNamed) {
  sql("UPDATE metric SET n_fake = 5 WHERE id = 1");
  EXPECT_THAT(problems(), Contains(HasSubstr("fid of AtoB compares 4 with 4 images, results.db "
                                             "says 4 with 5")));
}

TEST_F(ScoreCheckTest, ChangedFeaturesWithTheirDigestAreNamed) {
  write_features({{"real", real_b_}, {"fake", {5, 7, 6, 9}}});
  EXPECT_THAT(problems(),
              ElementsAre(HasSubstr("gives fid of AtoB"), HasSubstr("gives kid of AtoB"),
                          HasSubstr("gives kid subset_mean of AtoB")));
}

TEST_F(ScoreCheckTest, FeaturesOfTheOtherDirectionAreNamed) {
  write_features({{"real", real_a_}, {"fake", fake_a_}});
  EXPECT_THAT(problems(), Contains(HasSubstr("gives fid of AtoB = 1, results.db has 25")));
}

TEST_F(ScoreCheckTest, AFeatureThatIsNoNumberIsNamed) {
  const float inf = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const float bad : {nan, inf}) {
    write_features({{"real", real_b_}, {"fake", {5, 7, bad, 8}}});
    EXPECT_THAT(problems(), ElementsAre(AllOf(HasSubstr(path_of(0, kFeatures)),
                                              HasSubstr("fake: a feature of image 3 of 4"))));
  }
}

TEST_F(ScoreCheckTest, FilesThatAreNotFeaturesAreNamed) {
  const std::vector<std::vector<Table>> bad{
      {{"real", real_b_}},
      {{"real", real_b_}, {"fake", {5}}},
      {{"real", real_b_}, {"fake", fake_b_, 2}},
      {{"real", real_b_}, {"fake", fake_b_}, {"more", fake_b_}},
  };
  for (const auto& tables : bad) {
    write_features(tables);
    EXPECT_THAT(problems(),
                ElementsAre(AllOf(StartsWith("run " + id(0)), HasSubstr(path_of(0, kFeatures)))));
  }
}

TEST_F(ScoreCheckTest, TruncatedFeaturesAreNamed) {
  const std::string bytes = read_file(file(0, kFeatures));
  write_file_atomically(file(0, kFeatures), bytes.substr(0, bytes.size() - 1));
  accept(0, kFeatures);
  const auto found = problems();
  EXPECT_THAT(found, Contains(HasSubstr("not a valid safetensors file")));
  EXPECT_THAT(found, Each(HasSubstr(path_of(0, kFeatures))));
}

}  // namespace
}  // namespace scgan::results
