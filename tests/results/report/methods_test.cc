// The methods section and the settings that differ.
#include "results/report/methods.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "results/report/differences.h"
#include "results/report/run_facts.h"
#include "tests/results/sample_store.h"

namespace scgan::results {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class MethodsTest : public testing::Test {
 protected:
  std::string methods() const {
    std::string all;
    for (const std::string& paragraph : methods_paragraphs(analyse(inputs_)))
      all += paragraph + "\n";
    return all;
  }

  std::vector<ReportInput> inputs_ = {sample_input()};
};

TEST_F(MethodsTest, ItStatesDataSettingsSeedsAndStatistics) {
  EXPECT_THAT(
      methods(),
      AllOf(HasSubstr("trained on 50 % (8 images per domain) and 100 % (8 images per domain) "
                      "of the training images of the data set synthetic"),
            HasSubstr("8 filters in the first layer; discriminators had 8 filters"),
            HasSubstr("A run took 40 steps of Adam (learning rate 0.0002, beta1 0.5"),
            HasSubstr("constant for 3 epochs and fell linearly towards 0 in 100 more"),
            HasSubstr("9 of 12 planned runs have a result; their seeds are 1, 2 and 3"),
            HasSubstr("scored by FID and KID, on 32 real and 32 translated images"),
            HasSubstr("Mann-Whitney"), HasSubstr("Training ran on cpu: test.")));
}

TEST_F(MethodsTest, WhereRunsDifferItNamesEveryValue) {
  inputs_[0].runs[0].plan.spec = R"({"train.learning_rate":0.001,"train.pool_size":0})";
  inputs_[0].runs[0].plan.total_steps = 48;
  inputs_[0].runs[0].plan.images_b = 9;
  inputs_[0].runs[1].device = "cuda: B";
  inputs_[0].runs[1].versions = R"({"libtorch":"2.11.0","cuda":"13.0","cudnn":"none"})";
  inputs_[0].runs[2].versions = R"({"libtorch":"2.10.0"})";
  EXPECT_THAT(methods(),
              AllOf(HasSubstr("learning rate 0.0002 or 0.001"), HasSubstr("took 40 to 48 steps"),
                    HasSubstr("pool of 0 or 50 images"), HasSubstr("8 images of A and 8 to 9 of B"),
                    HasSubstr("cpu: test and cuda: B"), HasSubstr("LibTorch 2.10.0 and 2.11.0"),
                    HasSubstr("CUDA 13.0"), Not(HasSubstr("cuDNN"))));
}

// With train.steps, epochs of the schedule are shares of the steps; without a margin nothing is
// cropped.
TEST_F(MethodsTest, AFixedNumberOfStepsHasNoEpochsAndEqualSizesNoCrop) {
  for (StoredRun& run : inputs_[0].runs) {
    run.plan.spec =
        R"({"train.steps":40,"data.image_size":64,"data.load_size":64,"model.generator_blocks":1})";
  }
  EXPECT_THAT(methods(),
              AllOf(HasSubstr("constant for 100 equal parts of the training and fell linearly "
                              "towards 0 in 100 more"),
                    HasSubstr("resized to 64 x 64 pixels and flipped"), Not(HasSubstr("cropped")),
                    HasSubstr("with 1 block and")));
}

TEST_F(MethodsTest, WhatMakesScoresTooGoodIsSaid) {
  for (StoredRun& run : inputs_[0].runs) {
    run.plan.spec = R"({"data.test_split":"train","evaluate.checkpoint":"best"})";
  }
  EXPECT_THAT(methods(), AllOf(HasSubstr("so the scores are too good"),
                               HasSubstr("so the scores are optimistic")));
}

TEST_F(MethodsTest, ItDescribesEachModelByWhatActsInIt) {
  inputs_[0].runs[0].plan.spec = R"({"model.discriminator":"fastgan","loss.lambda_ssl":2,)"
                                 R"("model.diffaug":["color","cutout"]})";
  EXPECT_THAT(methods(),
              HasSubstr("cyclegan (FastGAN discriminators; DiffAugment: color and cutout; "
                        "self-supervised reconstruction with weight 2 and the decoders "
                        "big, part and small)"));
}

TEST_F(MethodsTest, WithoutAResultThereIsNothingToSay) {
  for (StoredRun& run : inputs_[0].runs) run.state = RunState::kPlanned;
  EXPECT_THAT(methods_paragraphs(analyse(inputs_)), IsEmpty());
}

TEST_F(MethodsTest, SettingsThatDifferHaveARowAndEachVariantAColumn) {
  EXPECT_THAT(differing_settings(summarize(inputs_)).rows, IsEmpty());
  for (StoredRun& run : inputs_[0].runs) {
    if (run.plan.variant == "scgan") run.plan.spec = R"({"model.diffaug":["color","cutout"]})";
  }
  inputs_[0].runs[0].plan.spec = R"({"train.epochs":5})";
  const Table table = differing_settings(summarize(inputs_));
  ASSERT_EQ(table.columns.size(), 3);
  EXPECT_EQ(table.columns[2].title, "scgan");
  EXPECT_THAT(table.rows, ElementsAre(ElementsAre("model.diffaug", "none", "color, cutout"),
                                      ElementsAre("model.discriminator_width", "8 or 64", "64"),
                                      ElementsAre("model.generator_width", "8 or 64", "64"),
                                      ElementsAre("train.epochs", "3 or 5", "100")));
}

TEST_F(MethodsTest, JoinedStoresHaveAColumnEach) {
  inputs_.push_back(inputs_[0]);
  inputs_[1].folder = "other";
  for (StoredRun& run : inputs_[1].runs) {
    run.plan.id += "-2";
    run.plan.spec = R"({"model.discriminator_width":8,"model.generator_width":8,"train.epochs":4})";
  }
  const Table table = differing_settings(summarize(inputs_));
  ASSERT_EQ(table.columns.size(), 5);
  EXPECT_THAT(table.rows, ElementsAre(ElementsAre("train.epochs", "3 or 4", "3 or 4", "3", "4")));
}

TEST(JoinedTest, ManyNumbersAreARange) {
  EXPECT_EQ(joined(std::set<std::string>{"10", "9"}, "and"), "9 and 10");
  EXPECT_EQ(joined(std::set<std::string>{"10", "9", "1e-3", "8", "7"}, "and"), "1e-3 to 10");
  EXPECT_EQ(joined(std::set<std::string>{"a", "b", "c", "d", "e"}, "or"), "a, b, c, d or e");
}

}  // namespace
}  // namespace scgan::results
