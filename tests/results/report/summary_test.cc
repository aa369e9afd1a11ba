#include "results/report/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/results/sample_store.h"

namespace scgan::results {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

TEST(SummaryTest, StatisticsMatchValuesComputedByHand) {
  const Statistics all = statistics({9, 1, 2});
  EXPECT_EQ(all.q1, 1.5);
  EXPECT_EQ(all.median, 2);
  EXPECT_EQ(all.q3, 5.5);
  EXPECT_EQ(all.mean, 4);
  EXPECT_DOUBLE_EQ(all.sd, std::sqrt(19.0));
}

TEST(SummaryTest, TwoValuesHaveNoQuartilesAndOneHasNoDeviation) {
  EXPECT_TRUE(std::isnan(statistics({9, 1}).q1));
  EXPECT_TRUE(std::isnan(statistics({9, 1}).q3));
  EXPECT_EQ(statistics({9, 1}).median, 5);
  EXPECT_TRUE(std::isnan(statistics({9}).sd));
}

// Black images may have a low FID.
TEST(SummaryTest, ACollapsedRunIsNeverTheBest) {
  std::vector<ReportInput> inputs = {sample_input()};
  inputs[0].runs.resize(3);  // 50.25, 55.5, 47
  inputs[0].runs[2].metrics.push_back(metric(kOutputSpread, 0.0009));
  inputs[0].runs[0].metrics.push_back(metric(kOutputSpread, 0.0011));
  const MetricTable table = summarize(inputs).tables[0];
  EXPECT_EQ(best_index(table, table.cells[0]), 0);
  EXPECT_EQ(collapsed_count(table.cells[0]), 1);
  Cell all = table.cells[0];
  all.collapsed = {true, true, true};
  EXPECT_EQ(best_index(table, all), std::nullopt);
}

TEST(SummaryTest, CellsAreOrderedByPlanAndPercentage) {
  const std::vector<ReportInput> inputs = {sample_input()};
  const Summary summary = summarize(inputs);
  ASSERT_THAT(summary.tables, SizeIs(2));
  EXPECT_EQ(summary.tables[0].key.metric, "fid");
  EXPECT_EQ(summary.tables[1].key.metric, "kid");
  const std::vector<Cell>& cells = summary.tables[0].cells;
  ASSERT_THAT(cells, SizeIs(4));
  EXPECT_EQ(cells[0].label, "cyclegan");
  EXPECT_EQ(cells[0].percentage, 50);
  EXPECT_THAT(cells[0].values, ElementsAre(50.25, 55.5, 47));
  EXPECT_EQ(cells[1].percentage, 100);
  EXPECT_EQ(cells[1].unfinished, 1);
  EXPECT_EQ(cells[3].label, "scgan");
  EXPECT_EQ(cells[3].unfinished, 2);
}

// Each change makes the first run incomparable with the other two.
class ComparisonKeyTest : public testing::TestWithParam<void (*)(StoredRun&)> {};

TEST_P(ComparisonKeyTest, DifferentMeasurementsNeverShareATable) {
  std::vector<ReportInput> inputs = {sample_input()};
  inputs[0].runs.resize(3);
  GetParam()(inputs[0].runs[0]);
  const Summary summary = summarize(inputs);
  ASSERT_THAT(summary.tables, SizeIs(4));
  size_t values = 0;
  for (const MetricTable& table : summary.tables) {
    for (const Cell& cell : table.cells) values += cell.values.size();
  }
  EXPECT_EQ(values, 6);
}

template <auto Member>
void alter(StoredRun& run) {
  for (Metric& metric : run.metrics) {
    if constexpr (std::is_same_v<std::decay_t<decltype(metric.*Member)>, std::string>) {
      metric.*Member = "other";
    } else {
      metric.*Member += 1;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, ComparisonKeyTest,
                         testing::Values(
                             &alter<&Metric::extractor>, &alter<&Metric::extractor_digest>,
                             &alter<&Metric::direction>, &alter<&Metric::preprocessing>,
                             &alter<&Metric::n_real>, &alter<&Metric::n_fake>,
                             [](StoredRun& run) { run.plan.data_digest = "other"; },
                             [](StoredRun& run) { run.plan.dataset = "other"; }));

TEST(SummaryTest, RunInTwoStoresCountsOnceAsDone) {
  std::vector<ReportInput> inputs = {sample_input(), sample_input()};
  inputs[0].runs[0].state = RunState::kPlanned;
  inputs[0].runs[0].metrics.clear();
  const Summary summary = summarize(inputs);
  EXPECT_THAT(summary.runs, SizeIs(12));
  EXPECT_THAT(summary.tables[0].cells[0].values, ElementsAre(50.25, 55.5, 47));
  EXPECT_TRUE(summary.conflicts.empty());
}

TEST(SummaryTest, RunWithTwoDifferentResultsIsReported) {
  std::vector<ReportInput> inputs = {sample_input(), sample_input()};
  inputs[1].folder = "elsewhere";
  inputs[1].runs[1].metrics[0].value += 1;
  EXPECT_THAT(
      summarize(inputs).conflicts,
      ElementsAre("Run a2 has different results in out and elsewhere; the first is shown."));
}

// An older version did not store the spread of outputs.
TEST(SummaryTest, AMetricThatOneStoreLacksIsNotAConflict) {
  std::vector<ReportInput> inputs = {sample_input(), sample_input()};
  inputs[1].runs[1].metrics.push_back(metric(kOutputSpread, 0.5));
  EXPECT_THAT(summarize(inputs).conflicts, testing::IsEmpty());
}

TEST(SummaryTest, VariantsWithOneNameButDifferentSettingsHaveTheirOwnCells) {
  std::vector<ReportInput> inputs = {sample_input()};
  inputs[0].runs.resize(2);
  inputs[0].runs[0].plan.spec = R"({"train.epochs":3})";
  inputs[0].runs[1].plan.spec = R"({"train.epochs":200})";
  std::vector<Cell> cells = summarize(inputs).tables[0].cells;
  ASSERT_THAT(cells, SizeIs(2));
  EXPECT_EQ(cells[0].label, "cyclegan (train.epochs=3)");
  EXPECT_EQ(cells[1].label, "cyclegan (train.epochs=200)");
  inputs[0].runs[1].plan.spec = R"({"train.epochs":200,"train.batch_size":4,"loss.lambda_a":5})";
  cells = summarize(inputs).tables[0].cells;
  EXPECT_THAT(cells[1].label,
              testing::MatchesRegex("cyclegan \\(loss.lambda_a=5, train.batch_size=4, #.*"));
}

TEST(SummaryTest, SeedAndPlacementAreNotSettings) {
  std::vector<ReportInput> inputs = {sample_input()};
  inputs[0].runs.resize(2);
  inputs[0].runs[0].plan.spec = R"({"train.epochs":3,"seed":1,"run.ranks_per_run":1})";
  inputs[0].runs[1].plan.spec = R"({"train.epochs":3,"seed":2,"run.ranks_per_run":4})";
  EXPECT_THAT(summarize(inputs).tables[0].cells, SizeIs(1));
}

TEST(SummaryTest, LabelNamesTheAxes) {
  PlannedRun run = planned_run("x", "scgan", 50, 1);
  run.axes = R"({"train.learning_rate":0.0002,"train.pool_size":0})";
  EXPECT_EQ(run_label(run), "scgan train.learning_rate=0.0002 train.pool_size=0");
}

}  // namespace
}  // namespace scgan::results
