#include "sweeps/run/job_plan.h"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tiny_plan.h"

namespace scgan::sweeps {
namespace {

TEST(JobPlanTest, TheOtherRanksCompleteTheirPlanWithTheFactsOfRankZero) {
  const TempDir folder;
  const std::vector<std::string> sets{"sweep.seeds=[0, 1]", "sweep.percentages=[50, 100]"};
  const JobPlan checked = tiny_plan(folder.path(), sets);
  JobPlan other = read_tiny_plan(folder.path(), sets);
  set_input_facts(other, input_facts_of(checked));
  ASSERT_EQ(checked.runs.size(), 4);
  for (size_t i = 0; i < checked.runs.size(); ++i) {
    const RunSpec& spec = checked.runs[i].spec;
    const results::PlannedRun& record = checked.runs[i].record;
    EXPECT_EQ(other.runs[i].record.id, record.id);
    EXPECT_EQ(other.runs[i].record.images_a, record.images_a);
    EXPECT_EQ(other.runs[i].record.total_steps, 2);
    EXPECT_EQ(other.runs[i].spec.data.digest, spec.data.digest);
    EXPECT_EQ(other.runs[i].spec.evaluate.extractor.digest, spec.evaluate.extractor.digest);
    EXPECT_FALSE(spec.data.digest.empty());
    EXPECT_EQ(inputs_key(other.runs[i].spec), inputs_key(spec));
  }
}

TEST(JobPlanTest, ACheckWritesNothing) {
  const TempDir folder;
  tiny_plan(folder.path() / "out");
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "out"));
}

}  // namespace
}  // namespace scgan::sweeps
