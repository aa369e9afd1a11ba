#include "results/report/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "tests/results/sample_store.h"
#include "tests/support/temp_dir.h"

namespace scgan::results {
namespace {

using Json = nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string json_of(const ReportInput& input) { return render({input}, ReportFormat::kJson); }

class CheckTest : public testing::Test {
 protected:
  NumberCheck check() const { return check_numbers(json_of(old_), json_of(new_), "old.json"); }

  ReportInput old_ = sample_input(), new_ = sample_input();
};

TEST(JsonReportTest, ItHasEveryRunAndItsScoresWithAllDigits) {
  ReportInput input = sample_input();
  input.runs[0].metrics[0].value = 0.1 + 0.2;
  const Json report = Json::parse(json_of(input));
  EXPECT_EQ(report["format"], 1);
  EXPECT_EQ(report["completeness"],
            Json::parse(R"({"planned":12,"done":9,"failed":1,"running":1,"to_do":1})"));
  ASSERT_EQ(report["runs"].size(), 12);
  EXPECT_EQ(report["runs"][0]["scores"][0]["value"].get<double>(), 0.1 + 0.2);
  EXPECT_EQ(report["runs"][11]["state"], "to_do");
}

// 47, 50.25, 55.5: quartiles by linear interpolation, mean and deviation by hand.
TEST(JsonReportTest, TablesHoldCellsWithStatisticsAndValues) {
  const Json report = Json::parse(json_of(sample_input()));
  ASSERT_EQ(report["tables"].size(), 2);
  const Json& table = report["tables"][0];
  EXPECT_EQ(table["metric"], "fid");
  EXPECT_EQ(table["higher_is_better"], false);
  const Json& cell = table["cells"][0];
  EXPECT_EQ(cell["planned"], 3);
  EXPECT_EQ(cell["statistics"]["median"], 50.25);
  EXPECT_EQ(cell["statistics"]["q1"], 48.625);
  EXPECT_EQ(cell["statistics"]["q3"], 52.875);
  EXPECT_EQ(cell["statistics"]["best"], 47);
  EXPECT_DOUBLE_EQ(cell["statistics"]["mean"].get<double>(), 152.75 / 3);
  EXPECT_EQ(cell["values"][2],
            Json::parse(R"({"run":"a3","seed":3,"value":47.0,"collapsed":false})"));
  EXPECT_TRUE(table["cells"][3]["statistics"]["sd"].is_null()) << "of one run";
}

TEST_F(CheckTest, EqualStoresHaveEqualNumbers) {
  const NumberCheck result = check();
  EXPECT_TRUE(result.is_equal());
  // 9 runs of 4 scores, and 4 cells in 2 tables: two of three runs (6 statistics), one of two
  // (without quartiles), one of one (without deviation, too). The others are of comparisons.
  EXPECT_GT(result.equal, 9 * 4 + 2 * (6 + 6 + 4 + 3));
  EXPECT_THAT(result.added, IsEmpty());
}

TEST_F(CheckTest, TheLastBitOfAScoreIsAChange) {
  double& score = new_.runs[0].metrics[1].value;  // KID
  score = std::nextafter(score, 1);
  const NumberCheck result = check();
  EXPECT_FALSE(result.is_equal());
  EXPECT_THAT(result.changed,
              testing::Contains("synthetic kid AtoB random_conv, cyclegan 50 %, run "
                                "a1: 0.051 -> 0.051000000000000004"));
}

TEST_F(CheckTest, AChangedScoreChangesItsStatisticsToo) {
  new_.runs[0].metrics[0].value = 51.25;
  EXPECT_THAT(check().changed,
              testing::IsSupersetOf(
                  {"synthetic fid AtoB random_conv, cyclegan 50 %, run a1: 50.25 -> 51.25",
                   "synthetic fid AtoB random_conv, cyclegan 50 %, median: 50.25 -> 51.25"}));
}

TEST_F(CheckTest, AMissingRunIsADifferenceAndItsStatisticsAreNotCompared) {
  new_.runs.erase(new_.runs.begin());
  const NumberCheck result = check();
  EXPECT_FALSE(result.is_equal());
  EXPECT_THAT(result.changed, IsEmpty());
  EXPECT_EQ(result.missing.size(), 4);
  EXPECT_THAT(result.missing, testing::Contains(HasSubstr("run a1: 50.25 -> none")));
  EXPECT_GT(result.not_compared, 2 * 6) << "and the comparisons";
}

TEST_F(CheckTest, ANewRunIsListedButIsNoChange) {
  std::swap(old_, new_);
  old_.runs.erase(old_.runs.begin());
  const NumberCheck result = check();
  EXPECT_TRUE(result.is_equal());
  EXPECT_EQ(result.added.size(), 4);
  EXPECT_THAT(to_text(result),
              HasSubstr("new:     synthetic fid AtoB random_conv, cyclegan 50 %, run "
                        "a1: 50.25\n"));
}

TEST_F(CheckTest, AStatisticThatVanishesWithoutAChangeOfRunsIsMissing) {
  std::string now = json_of(new_);
  const std::string statistic = "\"q1\":48.625,";
  now.replace(now.find(statistic), statistic.size(), "");
  const NumberCheck result = check_numbers(json_of(old_), now, "old.json");
  EXPECT_THAT(result.missing,
              ElementsAre("synthetic fid AtoB random_conv, cyclegan 50 %, q1: 48.625 "
                          "-> none"));
}

// Two scores that differ only in what is not in their names.
TEST_F(CheckTest, ScoresOfOneNameAreKeptApart) {
  Metric other = new_.runs[0].metrics[0];
  other.extractor_digest = std::string(64, 'f');
  for (ReportInput* input : {&old_, &new_}) input->runs[0].metrics.push_back(other);
  new_.runs[0].metrics.back().value += 1;
  EXPECT_THAT(check().changed,
              testing::Contains(HasSubstr("(extractor ffffffffffff, uint8 RGB 64 px")));
}

TEST(CheckFileTest, WhatIsNoReportIsRefusedWithTheReason) {
  const TempDir folder;
  const auto file = folder.path() / "old.json";
  const auto message = [&] {
    try {
      check_numbers(file, json_of(sample_input()));
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInvalidSpec);
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_THAT(message(), HasSubstr("old.json: cannot be read"));
  for (const auto& [content, why] :
       {std::pair("no JSON", "is not JSON"), std::pair("[]", "has no key \"format\""),
        std::pair(R"({"format": 2})", "has format 2, and this version reads format 1"),
        std::pair(R"({"format": 1})", "lacks a key"),
        std::pair(R"({"format": 1, "runs": [{}], "tables": 3})", "lacks a key")}) {
    std::ofstream(file) << content;
    EXPECT_THAT(message(), HasSubstr(why));
  }
}

}  // namespace
}  // namespace scgan::results
