#include "sweeps/plan/expand.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/spec/run_id.h"
#include "sweeps/plan/sweep_yaml.h"

namespace scgan::sweeps {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<RunSpec> runs(const std::string& text) {
  return expand(read_sweep(text, "s.yaml", {}, "/sweeps"));
}

std::string message(const std::string& text) {
  try {
    runs(text);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

std::vector<std::string> described(const std::vector<RunSpec>& all) {
  std::vector<std::string> texts;
  for (const RunSpec& run : all) {
    texts.push_back(
        fmt::format("{} {} {} {}", run.seed, run.data.percentage, run.variant, run.axes));
  }
  return texts;
}

TEST(ExpandTest, RunsAreOrderedBySeedPercentageVariantAxes) {
  const auto all = runs(
      "name: s\nsweep: {variants: [scgan, cyclegan], percentages: [50, 100], seeds: [4, 2],\n"
      "  axes: {train.pool_size: [0, 50]}}\n");
  EXPECT_THAT(
      described(all),
      ElementsAre("4 50 scgan {\"train.pool_size\":0}", "4 50 scgan {\"train.pool_size\":50}",
                  "4 50 cyclegan {\"train.pool_size\":0}", "4 50 cyclegan {\"train.pool_size\":50}",
                  "4 100 scgan {\"train.pool_size\":0}", "4 100 scgan {\"train.pool_size\":50}",
                  "4 100 cyclegan {\"train.pool_size\":0}",
                  "4 100 cyclegan {\"train.pool_size\":50}", "2 50 scgan {\"train.pool_size\":0}",
                  "2 50 scgan {\"train.pool_size\":50}", "2 50 cyclegan {\"train.pool_size\":0}",
                  "2 50 cyclegan {\"train.pool_size\":50}", "2 100 scgan {\"train.pool_size\":0}",
                  "2 100 scgan {\"train.pool_size\":50}", "2 100 cyclegan {\"train.pool_size\":0}",
                  "2 100 cyclegan {\"train.pool_size\":50}"));
  EXPECT_EQ(all[0].sweep, "s");
  EXPECT_EQ(all[0].model.discriminator, DiscriminatorKind::kFastGan);
  EXPECT_EQ(all[0].data.load_size, 286);  // defaults are resolved
}

TEST(ExpandTest, LaterLayersWin) {
  const auto all = runs(
      "name: s\nsweep: {variants: [cyclegan, mine], percentages: [100], seeds: [0],\n"
      "  axes: {train.beta1: [0.1, 0.2]}}\n"
      "loss: {lambda_a: 3}\ntrain: {beta1: 0.9}\n"
      "variants: {mine: {base: cyclegan_diffaug, lambda_a: 4, d_adv_scale: 0.75, beta1: 0.8}}\n");
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0].loss.lambda_a, 3);        // the file over the default
  EXPECT_EQ(all[0].loss.d_adv_scale, 0.5);   // the built-in's preset
  EXPECT_EQ(all[2].loss.lambda_a, 4);        // the variant over the file
  EXPECT_EQ(all[2].loss.d_adv_scale, 0.75);  // the variant over its base
  EXPECT_EQ(all[2].model.diffaug.size(), 3U);
  EXPECT_EQ(all[2].train.beta1, 0.1);  // the axis over all
  EXPECT_EQ(all[3].train.beta1, 0.2);
}

TEST(ExpandTest, RunsThatMeetAllConditionsAreExcluded) {
  const auto all = runs(
      "name: s\nsweep: {variants: [scgan, cyclegan], percentages: [50, 100], seeds: [0],\n"
      "  exclude: [{variant: scgan, percentage: 50}, {percentage: 100, variant: cyclegan}]}\n");
  EXPECT_THAT(described(all), ElementsAre("0 50 cyclegan {}", "0 100 scgan {}"));
}

TEST(ExpandTest, ExclusionThatMatchesNothingIsAnError) {
  EXPECT_THAT(message("name: s\nsweep:\n  exclude:\n    - {percentage: 30}\n"),
              HasSubstr("s.yaml:4: sweep.exclude: {\"percentage\":30} matches no run"));
}

TEST(ExpandTest, EmptySweepIsAnError) {
  EXPECT_THAT(message("name: s\nsweep: {seeds: [1], exclude: [{seed: 1}]}\n"),
              HasSubstr("no runs"));
}

TEST(ExpandTest, EqualRunsAreAnError) {
  EXPECT_THAT(message("name: s\nsweep: {variants: [scgan, mine], seeds: [0]}\n"
                      "variants: {mine: {base: scgan}}\n"),
              HasSubstr("two runs would be the same: scgan 20 % seed 0 and mine 20 % seed 0"));
  EXPECT_THAT(message("name: s\nsweep: {variants: [cyclegan], axes: {loss.lambda_ssl: [1, 2]}}\n"),
              HasSubstr("two runs would be the same"));
}

TEST(ExpandTest, RunsThatReadOtherFilesDiffer) {
  for (const std::string first :
       {"train.initial_weights: a.safetensors", "data.kind: manifest, data.manifest: a.csv",
        "loss.ssl_distance: lpips, loss.lpips_weights: a.safetensors"}) {
    std::string second = first;
    second.replace(second.rfind("a."), 1, "b");
    const std::string text = fmt::format(
        "name: s\nsweep: {{variants: [a, b], percentages: [100], seeds: [0]}}\n"
        "variants:\n  a: {{base: scgan, {}}}\n  b: {{base: scgan, {}}}\n",
        first, second);
    EXPECT_EQ(message(text), "") << text;
  }
}

TEST(ExpandTest, IssueIsReportedOnceWithItsLineAndRuns) {
  EXPECT_EQ(message("name: s\ntrain: {batch_size: 6}\ndata: {synthetic: {train_images: 480}}\n"),
            "train.micro_batch: train.batch_size 6 / train.micro_batch 2 must be a power of two "
            "(1, 2, 4, ...), since gradients are summed in a binary tree");
  const std::string some = message(
      "name: s\ndata: {synthetic: {train_images: 16}}\ntrain:\n  batch_size: 8\n"
      "sweep: {percentages: [20, 50], seeds: {count: 2}}\n");
  EXPECT_THAT(some, HasSubstr("s.yaml:4: train.batch_size: 8 images do not fit in an epoch"));
  EXPECT_THAT(some, HasSubstr("(run cyclegan 20 % seed 0 and 5 more)"));
}

TEST(ExpandTest, IdsDependNeitherOnTheOrderOfKeysNorOnPlacement) {
  const auto one = runs("name: s\ntrain: {epochs: 3, beta1: 0.4}\nloss: {lambda_a: 2}\n");
  const auto two = runs(
      "loss: {lambda_a: 2.0}\nrun: {ranks_per_run: 2, checkpoint_minutes: 1}\n"
      "train:\n  beta1: 4e-1\n  epochs: 3\nname: t\n");
  ASSERT_EQ(one.size(), two.size());
  for (size_t i = 0; i < one.size(); ++i) EXPECT_EQ(run_id(one[i]), run_id(two[i]));
}

}  // namespace
}  // namespace scgan::sweeps
