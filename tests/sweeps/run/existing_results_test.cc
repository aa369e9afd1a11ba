#include "sweeps/run/existing_results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "results/store/result_store.h"
#include "tests/support/temp_dir.h"
#include "tiny_plan.h"

namespace scgan::sweeps {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ExistingResultsTest : public testing::Test {
 protected:
  TempDir folder_;
  JobPlan plan_ = tiny_plan(folder_.path(), {"sweep.seeds=[0, 1]"});
};

TEST_F(ExistingResultsTest, AFolderWithoutAStoreHasNone) {
  const ExistingResults existing = existing_results(plan_);
  EXPECT_EQ(existing.sweep, "");
  EXPECT_THAT(existing.runs, SizeIs(2));
  EXPECT_THAT(existing.dropped, IsEmpty());
}

TEST_F(ExistingResultsTest, AGrownSweepDropsNothing) {
  leave_done(plan_);
  const JobPlan grown = tiny_plan(folder_.path(), {"sweep.seeds=[0, 1, 2]"});
  const ExistingResults existing = existing_results(grown);
  EXPECT_EQ(existing.runs[1].state, results::RunState::kDone);
  EXPECT_EQ(existing.runs[2].state, results::RunState::kPlanned);
  EXPECT_EQ(dropped_text(existing, grown), "");
}

TEST_F(ExistingResultsTest, AChangedSettingDropsRunsAndIsNamed) {
  leave_done(plan_);
  const JobPlan longer = tiny_plan(folder_.path(), {"sweep.seeds=[0, 1]", "train.steps=3"});
  const ExistingResults existing = existing_results(longer);
  EXPECT_THAT(existing.dropped, SizeIs(2));
  const std::string text = dropped_text(existing, longer);
  EXPECT_THAT(text, HasSubstr("this plan does not have 2 finished runs of earlier jobs"));
  EXPECT_THAT(text, HasSubstr("cyclegan_diffaug 100 % seed 0: train.steps was 2 and is 3"));
  require_same_sweep(existing, longer, false);  // the sweep is the same
}

TEST_F(ExistingResultsTest, AFolderOfAnotherSweepIsRefused) {
  leave_done(plan_);
  JobPlan other = tiny_plan(folder_.path(), {"train.steps=3"});
  other.name = "other";
  const ExistingResults existing = existing_results(other);
  try {
    require_same_sweep(existing, other, false);
    FAIL() << "no error";
  } catch (const Error& problem) {
    EXPECT_EQ(problem.kind(), ErrorKind::kInvalidSpec);
    EXPECT_THAT(problem.what(),
                HasSubstr("belongs to the sweep \"tiny\" with 2 finished runs that"));
    EXPECT_THAT(problem.what(), HasSubstr("--replace-sweep"));
  }
  require_same_sweep(existing, other, true);
}

// Nothing is lost.
TEST_F(ExistingResultsTest, ARenamedSweepWithTheSameRunsIsAccepted) {
  leave_done(plan_);
  plan_.name = "other";
  require_same_sweep(existing_results(plan_), plan_, false);
}

TEST_F(ExistingResultsTest, FinishedRunsWithoutTheirFilesAreFound) {
  leave_done(plan_);
  const auto runs = existing_results(plan_).runs;
  EXPECT_THAT(runs_with_missing_files(plan_, runs), IsEmpty());
  EXPECT_THAT(runs_without_folder(plan_, runs), IsEmpty());
  const std::string& id = plan_.runs[1].record.id;
  std::filesystem::remove(folder_.path() / "runs" / id / "netG_A.safetensors");
  EXPECT_THAT(runs_with_missing_files(plan_, runs), ElementsAre(id));
  EXPECT_EQ(missing_file(plan_, runs[1]), "runs/" + id + "/netG_A.safetensors");
  auto unkept = runs;
  unkept[1].artifacts.front().kept = false;
  EXPECT_THAT(runs_with_missing_files(plan_, unkept), IsEmpty());
  EXPECT_THAT(runs_without_folder(plan_, runs), IsEmpty());
  std::filesystem::remove_all(folder_.path() / "runs" / id);
  EXPECT_THAT(runs_without_folder(plan_, runs), ElementsAre(id));
}

}  // namespace
}  // namespace scgan::sweeps
