#include "results/verify/plan_check.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "core/base/atomic_file.h"
#include "tests/results/verify/checked_folder.h"

namespace scgan::results {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

class PlanCheckTest : public CheckedFolder {
 protected:
  nlohmann::json plan() const { return nlohmann::json::parse(read_file(out() / "plan.json")); }
  void write(const nlohmann::json& plan) const {
    write_file_atomically(out() / "plan.json", plan.dump());
  }
};

TEST_F(PlanCheckTest, ARunWithoutItsRowIsNamed) {
  sql(fmt::format("DELETE FROM run WHERE id = '{}'", id(0)));
  const auto found = problems();
  EXPECT_THAT(found, Contains(AllOf(HasSubstr(id(0)), HasSubstr("(cyclegan, 100 %, seed 0)"),
                                    HasSubstr("its row was deleted"))));
  EXPECT_THAT(found, Contains(HasSubstr("the plan had 2 runs, of which 1 have a row")));
  EXPECT_THAT(found, Contains(HasSubstr("18 rows of the table metric refer to rows of run")));
  EXPECT_THAT(found, Contains(HasSubstr("results.db has no run of this id")));
}

// As a careful hand would delete the last run.
TEST_F(PlanCheckTest, ARunThatLeftNoRowsIsNamed) {
  for (const char* table : {"metric", "artifact", "attempt"}) {
    sql(fmt::format("DELETE FROM {} WHERE run_id = '{}'", table, id(1)));
  }
  sql(fmt::format("DELETE FROM run WHERE id = '{}'", id(1)));
  std::filesystem::remove_all(out() / "runs" / id(1));
  EXPECT_THAT(problems(), ElementsAre(AllOf(HasSubstr(id(1)), HasSubstr("its row was deleted"))));
}

TEST_F(PlanCheckTest, ARunThatThePlanFileLacksIsNamed) {
  auto changed = plan();
  changed["runs"].erase(1);
  write(changed);
  EXPECT_THAT(problems(), ElementsAre(AllOf(HasSubstr(id(1)), HasSubstr("but not in plan.json"))));
}

TEST_F(PlanCheckTest, TheOrderOfTheRunsMatters) {
  auto changed = plan();
  std::swap(changed["runs"][0], changed["runs"][1]);
  write(changed);
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("another order")));
}

TEST_F(PlanCheckTest, AnotherValueInThePlanFileIsNamed) {
  auto changed = plan();
  changed["runs"][0]["spec"]["data.root"] = "elsewhere";
  write(changed);
  EXPECT_THAT(problems(),
              ElementsAre(AllOf(HasSubstr(id(0)), HasSubstr("data.root is \"elsewhere\" in "
                                                            "plan.json and \"\" in results.db"))));
}

TEST_F(PlanCheckTest, MissingAndDamagedFilesAreNamed) {
  std::filesystem::remove(out() / "sweep.yaml");
  std::filesystem::remove(out() / "plan.json");
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("sweep.yaml"), HasSubstr("plan.json")));
  write_file_atomically(out() / "sweep.yaml", "name: other\n");
  write_file_atomically(out() / "plan.json", R"({"name": "cells", "runs": [{"id": 7}]})");
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("sweep.yaml: is not the sweep file"),
                                      HasSubstr("plan.json: is not a plan of scgan_sweep")));
}

TEST_F(PlanCheckTest, AnotherSweepsNameIsNamed) {
  auto changed = plan();
  changed["name"] = "other";
  write(changed);
  EXPECT_THAT(problems(),
              ElementsAre(HasSubstr("of the sweep \"other\", results.db of \"cells\"")));
  sql("DELETE FROM sweep");
  EXPECT_THAT(problems(), Contains(HasSubstr("its table sweep has no row")));
}

}  // namespace
}  // namespace scgan::results
