// What the report says of made-up sweeps whose answer is known.
#include "results/report/verdict.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "core/base/counter_rng.h"
#include "tests/results/sample_store.h"

namespace scgan::results {
namespace {

using testing::AllOf;
using testing::Each;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

// FID of the untranslated images in every store below.
constexpr double kUntranslated = 61.25;

// Scores of a variant at each percentage, one for each seed; NaN: the run failed.
using Scores = std::map<double, std::vector<double>>;

constexpr double kFailed = std::numeric_limits<double>::quiet_NaN();

void add_runs(ReportInput& input, const std::string& variant, const Scores& scores,
              const std::string& spec = R"({"train.precision":"fp32"})") {
  for (const auto& [percentage, values] : scores) {
    for (size_t seed = 0; seed < values.size(); ++seed) {
      PlannedRun plan = planned_run(fmt::format("{}-{}-{}", variant, percentage, seed), variant,
                                    percentage, static_cast<int64_t>(seed));
      plan.spec = spec;
      StoredRun run = done_run(std::move(plan), values[seed], 0);
      std::erase_if(run.metrics, [](const Metric& each) { return each.name == "kid"; });
      if (std::isnan(values[seed])) {
        run.state = RunState::kFailed;
        run.metrics.clear();
      }
      input.runs.push_back(std::move(run));
    }
  }
}

// The sentences of the only table.
std::vector<std::string> sentences(const ReportInput& input) {
  const std::vector<ReportInput> inputs = {input};
  const std::vector<Verdict> all = verdicts(analyse(inputs));
  EXPECT_THAT(all, SizeIs(1));
  return all.front().sentences;
}

// The sentence on the pair of models; the others are on the untranslated images.
std::string pair_sentence(const ReportInput& input) { return sentences(input).back(); }

// Words that claim a difference.
const auto kClaimsNothing =
    AllOf(Not(HasSubstr("is better than")), Not(HasSubstr("are each better than")),
          Not(HasSubstr("depends on the amount")));

TEST(VerdictTest, AClearWinIsSaidWithSizeEvidenceAndDirection) {
  ReportInput input;
  add_runs(input, "cyclegan", {{50, {50, 51, 52, 53, 54}}, {100, {40, 41, 42, 43, 44}}});
  add_runs(input, "scgan", {{50, {30, 31, 32, 33, 34}}, {100, {20, 21, 22, 23, 24}}});
  // All 25 differences of a cell lie around 20, so the median is 20. The smallest p of 5 against 5
  // twice: 2 / (252 * 252).
  EXPECT_THAT(pair_sentence(input),
              AllOf(StartsWith("scgan is better than cyclegan: FID lower by 20.00 (95 % interval "),
                    HasSubstr("at 2 of 2 amounts of data, in 100 % of the pairs of runs; "
                              "p < 0.0001.")));
}

TEST(VerdictTest, TheOrderOfThePlanDoesNotDecideWhoWins) {
  ReportInput input;
  add_runs(input, "scgan", {{50, {30, 31, 32, 33, 34}}, {100, {20, 21, 22, 23, 24}}});
  add_runs(input, "cyclegan", {{50, {50, 51, 52, 53, 54}}, {100, {40, 41, 42, 43, 44}}});
  EXPECT_THAT(pair_sentence(input),
              StartsWith("scgan is better than cyclegan: FID lower by 20.00 "));
}

TEST(VerdictTest, EqualModelsGetNoDifference) {
  ReportInput input;
  add_runs(input, "cyclegan", {{50, {50, 52, 54, 56, 58}}, {100, {40, 42, 44, 46, 48}}});
  add_runs(input, "scgan", {{50, {51, 53, 55, 57, 59}}, {100, {41, 43, 45, 47, 49}}});
  EXPECT_THAT(pair_sentence(input),
              AllOf(StartsWith("scgan and cyclegan: no difference is shown (p = "),
                    HasSubstr("runs per cell would probably "), kClaimsNothing));
}

// 2 against 2 at two percentages: 2 / 36 is the smallest p, whatever the scores.
TEST(VerdictTest, TooFewRunsNeverShowADifference) {
  ReportInput input;
  add_runs(input, "cyclegan", {{25, {50, 51}}, {100, {40, 41}}});
  add_runs(input, "scgan", {{25, {10, 11}}, {100, {1, 2}}});
  EXPECT_THAT(
      pair_sentence(input),
      AllOf(StartsWith(
                "scgan and cyclegan: 2 runs per cell are too few to show a difference: the "
                "smallest possible p is 0.056. Here scgan is ahead: FID lower by 39.50 (range "),
            HasSubstr("about 3 runs per cell would probably show this"), kClaimsNothing));
  // Four runs of each model, 2 / 16, and two models.
  EXPECT_EQ(
      sentences(input).front(),
      "cyclegan and scgan are each better than the untranslated images in 4 of 4 runs (too few to "
      "be significant: the smallest possible p is 0.25).");
}

TEST(VerdictTest, CrossingEffectsAreNotAveraged) {
  const std::vector<double> low = {20, 21, 22, 23, 24, 25, 26, 27};
  const std::vector<double> high = {40, 41, 42, 43, 44, 45, 46, 47};
  ReportInput input;
  add_runs(input, "cyclegan", {{20, low}, {100, high}});
  add_runs(input, "scgan", {{20, high}, {100, low}});
  EXPECT_EQ(pair_sentence(input),
            "Which of scgan and cyclegan is better depends on the amount of data: scgan has the "
            "lower FID at 100 %, cyclegan at 20 %.");
}

// The six survivors look better; with the lost runs as the worst ones nothing is shown.
TEST(VerdictTest, RunsLostOnOneSideCountAsTheWorst) {
  ReportInput input;
  add_runs(input, "cyclegan", {{100, {40, 41, 42, 43, 44, 45, 46, 47, 48, 49}}});
  add_runs(input, "scgan", {{100, {30, 31, 32, 33, 34, 35, kFailed, kFailed, kFailed, kFailed}}});
  EXPECT_THAT(pair_sentence(input), AllOf(HasSubstr("no difference is shown"),
                                          HasSubstr("4 of 10 runs of scgan failed or collapsed"),
                                          HasSubstr("lost runs count as the worst"),
                                          HasSubstr("may flatter scgan"), kClaimsNothing));
}

TEST(VerdictTest, AModelWithoutAnySurvivorHasNoSize) {
  ReportInput input;
  add_runs(input, "cyclegan", {{100, {40, 41}}});
  add_runs(input, "scgan", {{100, {kFailed, kFailed}}});
  EXPECT_THAT(pair_sentence(input), AllOf(HasSubstr("At no amount of data do both have a score"),
                                          HasSubstr("2 of 2 runs of scgan failed or collapsed"),
                                          Not(HasSubstr("survivors")), kClaimsNothing));
}

TEST(VerdictTest, MixedPrecisionsAreNotCompared) {
  ReportInput input;
  add_runs(input, "cyclegan", {{100, {50, 51, 52, 53, 54, 55}}});
  add_runs(input, "scgan", {{100, {30, 31, 32, 33, 34, 35}}}, R"({"train.precision":"fp64"})");
  EXPECT_EQ(pair_sentence(input),
            "scgan and cyclegan are not compared: one was trained in fp64, the other in fp32.");
}

TEST(VerdictTest, MixedExtractorsAreNotCompared) {
  ReportInput input;
  add_runs(input, "cyclegan", {{100, {50, 51, 52, 53, 54, 55}}});
  ReportInput other;
  add_runs(other, "scgan", {{100, {30, 31, 32, 33, 34, 35}}});
  for (StoredRun& run : other.runs) {
    for (Metric& each : run.metrics) each.extractor = "inception_v3";
    input.runs.push_back(run);
  }
  const std::vector<ReportInput> inputs = {input};
  for (const Verdict& verdict : verdicts(analyse(inputs))) {
    EXPECT_THAT(verdict.sentences, Each(Not(AllOf(HasSubstr("scgan"), HasSubstr("cyclegan")))));
  }
}

TEST(VerdictTest, SaysThatNoModelBeatsTheUntranslatedImages) {
  ReportInput input;
  add_runs(input, "cyclegan", {{100, {70, 71, 72, 73, 74, 75}}});
  add_runs(input, "scgan", {{100, {62, 63, 64, 65, 66, 61}}});
  const std::vector<std::string> all = sentences(input);
  EXPECT_EQ(all[0],
            "No model is better than doing nothing: the untranslated images have FID 61.25.");
  // 2 / 64, times 2.
  EXPECT_EQ(all[1],
            "cyclegan is better than the untranslated images in 0 of 6 runs (too few to be "
            "significant: the smallest possible p is 0.062).");
  EXPECT_THAT(all[2], StartsWith("scgan is better than the untranslated images in 1 of 6 runs"));
}

TEST(VerdictTest, NamesTheAmountsOfDataAtWhichAModelIsWorseThanNothing) {
  ReportInput input;
  add_runs(input, "scgan", {{10, {70, 71, 50}}, {50, {50, 51, 52, 53}}, {100, {40, 41, 42, 43}}});
  EXPECT_THAT(sentences(input).front(), HasSubstr("fewer than half of the runs at 10 %"));
}

TEST(VerdictTest, ResultsThatAreMissingMakeItPreliminary) {
  ReportInput input;
  add_runs(input, "cyclegan", {{100, {50, 51, 52, 53, 54}}});
  add_runs(input, "scgan", {{100, {30, 31, 32, 33, 34}}});
  input.runs.back().state = RunState::kPlanned;
  input.runs.back().metrics.clear();
  EXPECT_THAT(pair_sentence(input),
              AllOf(StartsWith("So far, scgan is better than cyclegan: "),
                    HasSubstr("This is preliminary: 1 run has no result yet.")));
}

// 2,000 sweeps of three models, three percentages and four seeds whose scores all come from one
// distribution: at most 5 % may get a verdict that some models differ, or differ from doing
// nothing.
TEST(VerdictTest, EqualModelsDifferInAtMostFivePercentOfTheSweeps) {
  constexpr uint32_t kSweeps = 2000;
  constexpr int kSeeds = 6;
  const CounterRng rng(/*seed=*/20261127, /*purpose=*/0u);
  int wrong = 0, wrong_about_untranslated = 0;
  for (uint32_t sweep = 0; sweep < kSweeps; ++sweep) {
    ReportInput input;
    uint32_t run = 0;
    for (const char* variant : {"cyclegan", "cyclegan_diffaug", "scgan"}) {
      Scores scores;
      for (const double percentage : {25.0, 50.0, 100.0}) {
        for (int seed = 0; seed < kSeeds; ++seed) {
          scores[percentage].push_back(kUntranslated + rng.normal(sweep, run++));
        }
      }
      add_runs(input, variant, scores);
    }
    const std::vector<ReportInput> inputs = {input};
    Summary summary = summarize(inputs);
    const std::vector<TableComparison> compared = compare(summary, Effects::kNone);
    const auto differs = [](const auto& each) {
      return each.evidence == Evidence::kDiffers || each.evidence == Evidence::kCrosses;
    };
    if (std::ranges::any_of(compared.front().models, differs)) ++wrong;
    if (std::ranges::any_of(compared.front().untranslated, differs)) ++wrong_about_untranslated;
  }
  RecordProperty("models", wrong);
  RecordProperty("untranslated", wrong_about_untranslated);
  std::printf("of %u: models %d, untranslated %d\n", kSweeps, wrong, wrong_about_untranslated);
  EXPECT_LE(wrong, 100);
  EXPECT_LE(wrong_about_untranslated, 100);
  EXPECT_GT(wrong, 0);
}

}  // namespace
}  // namespace scgan::results
