#include "results/report/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cmath>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/version.h"
#include "results/report/csv.h"
#include "results/report/footer.h"
#include "results/report/table.h"
#include "results/store/result_store.h"
#include "tests/results/sample_store.h"
#include "tests/support/temp_dir.h"

namespace scgan::results {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr ReportFormat kAllFormats[] = {ReportFormat::kText, ReportFormat::kMarkdown,
                                        ReportFormat::kCsv, ReportFormat::kHtml};

class ReportTest : public testing::Test {
 protected:
  std::string text() const { return render(inputs_, ReportFormat::kText); }

  std::vector<ReportInput> inputs_ = {sample_input()};
};

// The version changes with every commit.
std::string without_version(std::string report) {
  for (const std::string& version : {version_text(), escape_markdown(version_text())}) {
    if (const size_t at = report.find(version); at != std::string::npos) {
      report.replace(at, version.size(), "VERSION");
    }
  }
  return report;
}

TEST_F(ReportTest, TextEqualsTheApprovedFile) {
  expect_approved(without_version(text()), "report.txt");
}

TEST_F(ReportTest, MarkdownEqualsTheApprovedFile) {
  expect_approved(without_version(render(inputs_, ReportFormat::kMarkdown)), "report.md");
}

TEST_F(ReportTest, CompletenessComesFirst) {
  EXPECT_THAT(completeness(inputs_),
              testing::Eq("9 of 12 runs done, 1 failed, 1 running, 1 to do"));
  EXPECT_THAT(text(), StartsWith(completeness(inputs_) + "\n"));
}

TEST_F(ReportTest, PlanDigestDoesNotDependOnProgressButResultsDo) {
  const std::string plan = plan_digest(inputs_[0]), results = results_digest(inputs_[0]);
  inputs_[0].runs[5].state = RunState::kPlanned;
  EXPECT_EQ(plan_digest(inputs_[0]), plan);
  EXPECT_NE(results_digest(inputs_[0]), results);
}

TEST_F(ReportTest, DigestOfResultsCoversScoresAndFilesAndNothingElse) {
  const std::string results = results_digest(inputs_[0]);
  std::swap(inputs_[0].runs[0], inputs_[0].runs[1]);
  inputs_[0].runs[2].attempts = 7;
  inputs_[0].runs[2].device = "another";
  EXPECT_EQ(results_digest(inputs_[0]), results) << "neither order nor place";
  double& score = inputs_[0].runs[0].metrics[0].value;
  const double before = std::exchange(score, std::nextafter(score, 1e9));
  EXPECT_NE(results_digest(inputs_[0]), results) << "the last bit of a score";
  score = before;
  inputs_[0].runs[0].artifacts.push_back({"runs/a2/netG_A.safetensors", std::string(64, '0')});
  EXPECT_NE(results_digest(inputs_[0]), results);
}

TEST_F(ReportTest, LastLinesSayWhetherTheScoresWereComputedAgain) {
  EXPECT_THAT(text(), HasSubstr("Not verified: scgan_report --verify"));
  inputs_[0].verification = "verified: 9 of 12 runs done; 0 problems";
  EXPECT_THAT(
      render(inputs_, ReportFormat::kHtml),
      AllOf(HasSubstr("verified: 9 of 12 runs done; 0 problems."), Not(HasSubstr("Not verified"))));
}

TEST_F(ReportTest, FailedAndMissingRunsAreListedWithReasons) {
  for (const ReportFormat format : kAllFormats) {
    const std::string report = render(inputs_, format);
    EXPECT_TRUE(std::regex_search(report, std::regex("b3.*loss d\\\\?_a is NaN at step 17")));
    EXPECT_THAT(report, HasSubstr("d2"));
    EXPECT_THAT(report, HasSubstr("d3"));
  }
}

TEST_F(ReportTest, PlainFidIsInceptionOnly) {
  EXPECT_THAT(text(), HasSubstr("FID (random_conv features)"));
  EXPECT_THAT(text(), HasSubstr("KID x 100 (random_conv features)"));
  for (StoredRun& run : inputs_[0].runs) {
    for (Metric& each : run.metrics) each.extractor = "inception_v3";
  }
  EXPECT_THAT(text(), HasSubstr("synthetic: FID, AtoB"));
}

TEST_F(ReportTest, EachExtractorHasItsOwnTables) {
  for (Metric& each : inputs_[0].runs[0].metrics) {
    each.extractor = "inception.pt";
    each.extractor_digest = std::string(64, 'e');
  }
  EXPECT_THAT(text(), HasSubstr("FID (inception.pt features), AtoB\n"));
  EXPECT_THAT(text(), HasSubstr("FID (random_conv features), AtoB\n"));
}

TEST_F(ReportTest, ScaledNetworksAreMentioned) {
  EXPECT_THAT(text(), HasSubstr("generator width 8, discriminator width 8"));
  for (StoredRun& run : inputs_[0].runs) {
    run.plan.spec = R"({"model.discriminator_width":64,"model.generator_width":64})";
  }
  EXPECT_THAT(text(), Not(HasSubstr("scaled")));
}

TEST_F(ReportTest, DifferentNumbersOfStepsAreMentionedInTextAndFigure) {
  const std::string note = "50 %: 24 steps, 100 %: 40 steps";
  EXPECT_THAT(text(), Not(HasSubstr("train.steps")));
  for (StoredRun& run : inputs_[0].runs) {
    if (run.plan.percentage == 50) run.plan.total_steps = 24;
  }
  EXPECT_THAT(text(), AllOf(HasSubstr("train.steps"), HasSubstr("50 %: 24 steps, 100 %:")));
  EXPECT_THAT(render(inputs_, ReportFormat::kMarkdown), HasSubstr(note));
  const std::string html = render(inputs_, ReportFormat::kHtml);
  EXPECT_THAT(html, AllOf(HasSubstr("not only in their data: " + note),
                          HasSubstr("Training differs: " + note)));
}

TEST_F(ReportTest, CollapsedRunsAreMarked) {
  StoredRun& best = inputs_[0].runs[9];  // the only run of scgan at 100 %
  best.metrics.push_back(metric(kOutputSpread, 0));
  for (const ReportFormat format : {ReportFormat::kMarkdown, ReportFormat::kHtml}) {
    const std::string report = render(inputs_, format);
    EXPECT_THAT(report, HasSubstr("1 run has collapsed: 1 of 1 of scgan 100 %."));
    EXPECT_THAT(report, HasSubstr("done, collapsed AtoB"));
  }
  EXPECT_TRUE(std::regex_search(text(), std::regex("scgan +100 .* collapsed\n")));
  EXPECT_THAT(summary_csv(summarize(inputs_)), HasSubstr(",100,40,40,3,1,1,30.125,"));
}

TEST_F(ReportTest, FewerImagesThanFeaturesAreMentioned) {
  EXPECT_THAT(text(), Not(HasSubstr("fewer than")));
  for (StoredRun& run : inputs_[0].runs) {
    if (run.state == RunState::kDone) run.metrics.push_back(metric(kFeatureCount, 33));
  }
  EXPECT_THAT(text(), HasSubstr("32 images are fewer than the 33 features; FID is then far above"));
  for (StoredRun& run : inputs_[0].runs) {
    if (run.state == RunState::kDone) run.metrics.back().value = 32;
  }
  EXPECT_THAT(text(), Not(HasSubstr("fewer than")));
}

TEST_F(ReportTest, VerySmallAndVeryLargeScoresKeepTheirDigits) {
  inputs_[0].runs.resize(3);
  for (const auto& [value, shown] :
       {std::pair(1.25e-12, "1.250e-12"), std::pair(1.5e12, "1.500e+12")}) {
    for (StoredRun& run : inputs_[0].runs) run.metrics = {metric("fid", value)};
    EXPECT_THAT(text(), HasSubstr(shown));
  }
}

TEST_F(ReportTest, SweepWithoutResultsReportsItsRuns) {
  for (StoredRun& run : inputs_[0].runs) {
    run.state = RunState::kPlanned;
    run.metrics.clear();
  }
  EXPECT_THAT(text(), StartsWith("0 of 12 runs done"));
  EXPECT_THAT(text(), HasSubstr("d3"));
}

TEST_F(ReportTest, WhatWasNoticedInTheDataIsSaidOnceInEveryFormat) {
  const std::string digest = inputs_[0].runs[0].plan.data_digest;
  inputs_[0].data_notes = {{digest, "red & green are the same picture"}};
  inputs_.push_back(inputs_[0]);
  for (const ReportFormat format :
       {ReportFormat::kText, ReportFormat::kMarkdown, ReportFormat::kHtml}) {
    const std::string report = render(inputs_, format);
    const size_t at = report.find("green are the same picture.");
    ASSERT_NE(at, std::string::npos);
    EXPECT_EQ(report.find("green are the same picture.", at + 1), std::string::npos);
    EXPECT_LT(at, report.find("Lower is better")) << "before the numbers";
  }
}

TEST_F(ReportTest, HtmlNeedsNoOtherFile) {
  const std::string html = render(inputs_, ReportFormat::kHtml);
  EXPECT_THAT(html, HasSubstr("<svg"));
  EXPECT_THAT(html, Not(HasSubstr("src=")));
  const std::regex elsewhere("href=\"[^#]|url\\(|@import|https?://(?!www\\.w3\\.org/2000/svg)");
  EXPECT_FALSE(std::regex_search(html, elsewhere));
}

TEST_F(ReportTest, CsvQuotesAndKeepsEveryDigit) {
  inputs_[0].runs[0].plan.axes = R"({"train.epochs":3})";
  inputs_[0].runs[0].metrics[0].value = 0.1 + 0.2;
  const std::string csv = render(inputs_, ReportFormat::kCsv);
  EXPECT_THAT(csv, HasSubstr(R"("{""train.epochs"":3}")"));
  EXPECT_THAT(csv, HasSubstr("0.30000000000000004"));
}

TEST_F(ReportTest, CsvJoinsNameStatisticAndSubjectOfAMetric) {
  inputs_[0].runs.resize(1);
  std::vector<Metric>& metrics = inputs_[0].runs[0].metrics;
  metrics.push_back(metric("kid", 0.5));
  metrics.back().statistic = Statistic::kSubsetMean;
  const std::string csv = render(inputs_, ReportFormat::kCsv);
  for (const char* field :
       {",fid,AtoB,40,50.25,", ",kid,AtoB,40,0.051,", ",fid_real_halves,AtoB,40,21.5,",
        ",fid_untranslated,AtoB,40,61.25,", ",kid_subset_mean,AtoB,40,0.5,"}) {
    EXPECT_THAT(csv, HasSubstr(field));
  }
}

TEST_F(ReportTest, CsvHasAColumnForEachSettingInWhichRunsDiffer) {
  inputs_[0].runs.resize(2);
  EXPECT_THAT(render(inputs_, ReportFormat::kCsv), HasSubstr("preprocessing\n"));
  inputs_[0].runs[1].plan.spec =
      R"({"model.discriminator_width":8,"model.generator_width":16,"train.epochs":3})";
  const std::string csv = render(inputs_, ReportFormat::kCsv);
  EXPECT_THAT(csv, HasSubstr("preprocessing,model.generator_width\n"));
  EXPECT_THAT(csv, AllOf(HasSubstr("uint8 RGB 64 px,8\n"), HasSubstr("uint8 RGB 64 px,16\n")));
}

TEST_F(ReportTest, ScoresCsvHasOneRowPerRunAndOneColumnPerScore) {
  inputs_[0].runs.erase(inputs_[0].runs.begin() + 1, inputs_[0].runs.end() - 1);
  EXPECT_EQ(scores_csv(summarize(inputs_)),
            "sweep,run_id,variant,percentage,seed,dataset,state,fid AtoB,kid AtoB,fid_real_halves "
            "AtoB,fid_untranslated AtoB\n"
            "cells,a1,cyclegan,50,1,synthetic,done,50.25,0.051,21.5,61.25\n"
            "cells,d3,scgan,100,3,synthetic,planned,,,,\n");
}

TEST_F(ReportTest, RunsHaveTheirSpeedIfTheyTrained) {
  inputs_[0].runs[0].trained_steps = 50;  // in 12.5 s
  const std::string csv = runs_csv(summarize(inputs_));
  EXPECT_THAT(csv, HasSubstr("total_steps,train_seconds,steps_per_second,device"));
  EXPECT_THAT(csv, HasSubstr(",40,40,12.5,4,cpu: test,"));
  EXPECT_THAT(csv, HasSubstr(",planned,0,0,40,0,,,"));
}

TEST_F(ReportTest, ScoresOfTwoExtractorsHaveTheirOwnColumns) {
  inputs_[0].runs.resize(1);
  inputs_[0].runs[0].metrics = {metric("fid", 1, "a"), metric("fid", 2, "b")};
  EXPECT_THAT(scores_csv(summarize(inputs_)),
              AllOf(HasSubstr("fid AtoB a " + std::string(64, 'a') + " uint8 RGB 64 px,fid AtoB b"),
                    HasSubstr(",1,2\n")));
}

// Higher is better, unlike for a distance.
TEST_F(ReportTest, TheBestRecoveredChangeIsTheHighestInEveryFormat) {
  inputs_[0].runs.resize(3);
  const double values[] = {0.25, 0.75, 0.5};
  for (size_t i = 0; i < 3; ++i) {
    inputs_[0].runs[i].metrics = {metric("recovered_change", values[i])};
  }
  EXPECT_THAT(summary_csv(summarize(inputs_)), HasSubstr(",0.75,a2\n"));
  EXPECT_TRUE(std::regex_search(text(), std::regex("cyclegan .* 0\\.7500\n")));
}

TEST(StoredReportTest, EqualStoresProduceEqualBytes) {
  setenv("PATH", "", 1);  // without rsvg-convert, so that the number of files is known
  TempDir folder;
  {
    ResultStore store = ResultStore::open(folder.path() / "results.db");
    store.plan(sample_sweep(),
               {planned_run("r1", "cyclegan", 50, 1), planned_run("r2", "scgan", 50, 1)});
    store.finish(store.begin_attempt(attempt_on("r1")), 40, kInput,
                 {metric("fid", 12.5), metric("kid", 0.0125)}, {});
    store.begin_attempt(attempt_on("r2"));
  }
  const auto first = write_report(read_stores({folder.path()}), folder.path() / "first");
  const auto second = write_report(read_stores({folder.path()}), folder.path() / "second");
  ASSERT_EQ(first.size(), 10);
  ASSERT_EQ(second.size(), 10);
  for (size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(first[i].filename(), second[i].filename());
    EXPECT_EQ(read_file(first[i]), read_file(second[i])) << first[i];
  }
  EXPECT_THAT(read_file(folder.path() / "first/summary.csv"),
              HasSubstr(",50,40,40,1,1,0,12.5,,,12.5,,12.5,r1\n"));
}

TEST(StoredReportTest, FolderWithoutAStoreIsAUserError) {
  TempDir folder;
  try {
    read_stores({folder.path()});
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInvalidSpec);
    EXPECT_THAT(error.what(), HasSubstr(folder.path().string()));
  }
}

}  // namespace
}  // namespace scgan::results
