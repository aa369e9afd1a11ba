#include "results/report/curve_figures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "results/report/report.h"
#include "results/store/result_store.h"
#include "tests/results/figures/svg_texts.h"
#include "tests/results/sample_store.h"
#include "tests/support/temp_dir.h"

namespace scgan::results {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

// Stores of two variants, three percentages, three seeds.
class CurveFiguresTest : public testing::Test {
 protected:
  CurveFiguresTest() : store_(ResultStore::open(folder_.path() / "results.db")) {
    std::vector<PlannedRun> runs;
    for (const char* variant : {"cyclegan", "scgan"}) {
      for (const double percentage : {20, 50, 100}) {
        for (int64_t seed = 1; seed <= 3; ++seed) {
          const std::string id =
              std::string(variant) + std::to_string(int(percentage)) + "_" + std::to_string(seed);
          runs.push_back(planned_run(id, variant, percentage, seed));
        }
      }
    }
    store_.plan(sample_sweep(), runs);
  }

  void finish(const std::string& run, const std::vector<LossPoint>& losses,
              const std::vector<Metric>& scores = {}) {
    const int64_t attempt = store_.begin_attempt(attempt_on(run));
    store_.add_losses(run, losses);
    store_.add_scores(run, scores);
    store_.finish(attempt, 40, kInput, {metric("fid", 30)}, {});
  }

  static Metric score_at(int64_t step, double value) {
    Metric score = metric("fid", value);
    score.step = step;
    return score;
  }

  std::vector<Figure> losses() {
    const std::vector<ReportInput> inputs = read_stores({folder_.path()});
    const Analysis analysis = analyse(inputs);
    TrainingRecords records(analysis.summary);
    return loss_figures(analysis, records);
  }

  std::optional<Figure> scores() {
    const std::vector<ReportInput> inputs = read_stores({folder_.path()});
    const Analysis analysis = analyse(inputs);
    TrainingRecords records(analysis.summary);
    FigureNames names;
    return score_curves(analysis.summary.tables.at(0), records, names);
  }

  TempDir folder_;
  ResultStore store_;
};

TEST_F(CurveFiguresTest, LossesAreMediansOverTheDoneRunsAtTheSmallestAndLargestPercentage) {
  finish("scgan100_1", {{10, "cycle_a", 5}, {20, "cycle_a", 2}, {10, "ssl_a", 1}});
  finish("scgan100_2", {{10, "cycle_a", 9}, {20, "cycle_a", 4}, {10, "ssl_a", 2}});
  finish("scgan100_3", {{10, "cycle_a", 6}, {20, "cycle_a", 7}, {10, "ssl_a", std::nan("")}});
  finish("scgan50_1", {{10, "cycle_a", 77}});
  finish("cyclegan20_1", {{10, "cycle_a", 3}, {20, "cycle_a", 1}, {10, "ssl_a", 0}});
  store_.begin_attempt(attempt_on("cyclegan20_2"));
  store_.add_losses("cyclegan20_2", {{10, "cycle_a", 1000}});
  const std::vector<Figure> figures = losses();
  ASSERT_THAT(figures, SizeIs(2));
  EXPECT_EQ(figures[0].name, "losses-synthetic-20");
  EXPECT_EQ(figures[1].name, "losses-synthetic-100");
  for (const Figure& figure : figures) expect_readable(figure.svg);
  EXPECT_THAT(figures[0].svg, HasSubstr("<title>cyclegan, step 10: 3</title>"));
  EXPECT_THAT(texts_of(figures[0].svg, "Self-supervised.*"), IsEmpty()) << "always 0";
  EXPECT_THAT(figures[0].caption, HasSubstr("single runs"));
  EXPECT_THAT(figures[1].svg, HasSubstr("<title>scgan, step 10: 6 (5 to 9)</title>"));
  EXPECT_THAT(figures[1].svg, HasSubstr("<title>scgan, step 20: 4 (2 to 7)</title>"));
  EXPECT_THAT(figures[1].svg, HasSubstr("<title>scgan, step 10: 1.5 (1 to 2)</title>"));
  EXPECT_THAT(figures[1].caption, HasSubstr("the lowest to the highest run"));
}

TEST_F(CurveFiguresTest, WithoutLossesThereIsNoFigure) {
  finish("scgan100_1", {});
  EXPECT_THAT(losses(), IsEmpty());
  EXPECT_FALSE(scores());
}

TEST_F(CurveFiguresTest, ATermThatThisVersionDoesNotKnowIsShown) {
  finish("scgan100_1", {{10, "new_term", 5}});
  EXPECT_THAT(texts_of(losses().at(0).svg, "new_term"), SizeIs(1));
}

TEST_F(CurveFiguresTest, ScoresDuringTrainingEndWithTheFinalOne) {
  Metric other = score_at(10, 999);
  other.direction = "BtoA";
  finish("scgan100_1", {}, {score_at(10, 80), score_at(20, 50), other});
  finish("scgan100_2", {}, {score_at(10, 90), score_at(20, 60)});
  finish("cyclegan20_1", {}, {score_at(10, 70), score_at(40, 31)});
  const auto figure = scores();
  ASSERT_TRUE(figure);
  expect_readable(figure->svg);
  EXPECT_EQ(figure->name, "curves-synthetic-fid-AtoB-random_conv");
  EXPECT_EQ(figure->caption,
            "Lines are medians over the runs of a variant, bands reach from the lowest to the "
            "highest run.");
  EXPECT_THAT(texts_of(figure->svg, "(20|100) % of the training images"), SizeIs(2));
  for (const char* point : {"scgan, step 10: 85 (80 to 90)", "scgan, step 20: 55 (50 to 60)",
                            "scgan, step 40: 30 (30 to 30)", "cyclegan, step 40: 31"}) {
    EXPECT_THAT(figure->svg, HasSubstr(std::string("<title>") + point + "</title>"));
  }
  EXPECT_THAT(figure->svg, Not(HasSubstr("999")));
}

}  // namespace
}  // namespace scgan::results
