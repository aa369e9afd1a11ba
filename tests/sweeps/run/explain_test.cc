#include "sweeps/run/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "results/store/result_store.h"
#include "results/store/sqlite.h"
#include "tests/support/error_of.h"
#include "tests/support/temp_dir.h"
#include "tiny_plan.h"

namespace scgan::sweeps {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

class ExplainTest : public testing::Test {
 protected:
  JobPlan plan(std::vector<std::string> sets) const {
    return tiny_plan(folder_.path(), std::move(sets));
  }
  static std::string explained(const JobPlan& plan, const std::string& id) {
    return explain(plan, existing_results(plan), id, /*retry_failed=*/false);
  }

  TempDir folder_;
};

TEST_F(ExplainTest, ARunOfAnEmptyFolderIsTrained) {
  const JobPlan now = plan({});
  const std::string id = now.runs[0].record.id;
  EXPECT_THAT(explained(now, id),
              AllOf(HasSubstr("run " + id + " (cyclegan_diffaug 100 % seed 0) is trained"),
                    EndsWith("has no runs\n")));
}

TEST_F(ExplainTest, ADoneRunIsNotTrainedAgain) {
  const JobPlan now = plan({});
  leave_done(now);
  EXPECT_THAT(explained(now, now.runs[0].record.id.substr(0, 6)),
              EndsWith("is done: it is not trained again\n"));
}

TEST_F(ExplainTest, TheKeysThatDifferFromTheMostSimilarStoredRunAreNamed) {
  leave_done(plan({"sweep.seeds=[0, 5]"}));
  const JobPlan now = plan({"sweep.seeds=[5]", "train.steps=3", "data.flip=false"});
  EXPECT_THAT(explained(now, now.runs[0].record.id),
              AllOf(HasSubstr("(cyclegan_diffaug 100 % seed 5), which differs in 2 keys:\n"
                              "  data.flip: true in the folder, false in the plan\n"
                              "  train.steps: 2 in the folder, 3 in the plan\n"),
                    Not(HasSubstr("seed 0"))));
}

TEST_F(ExplainTest, OtherImagesAreAKey) {
  leave_done(plan({}));
  const JobPlan now = plan({"data.synthetic.seed=2"});
  EXPECT_THAT(explained(now, now.runs[0].record.id),
              AllOf(HasSubstr("  data.digest: the images differ\n"),
                    HasSubstr("  data.synthetic.seed: 1 in the folder, 2 in the plan\n")));
}

TEST_F(ExplainTest, AStoredRunThatThePlanDroppedIsCompared) {
  const JobPlan before = plan({});
  leave_done(before);
  const JobPlan now = plan({"train.steps=3"});
  EXPECT_THAT(
      explained(now, before.runs[0].record.id),
      AllOf(HasSubstr("but not in the plan"),
            HasSubstr("differs in 1 key:\n  train.steps: 2 in the folder, 3 in the plan\n")));
}

TEST_F(ExplainTest, AKeyThatAnOlderVersionDidNotHaveIsNamed) {
  const JobPlan now = plan({});
  leave_done(now);
  results::Database::open(now.out / "results.db")
      .execute(
          "PRAGMA foreign_keys = OFF; UPDATE run SET id = '0123456789abcdef', "
          "spec = json_remove(spec, '$.\"train.ema_decay\"')");
  EXPECT_THAT(explained(now, now.runs[0].record.id),
              HasSubstr("run 0123456789abcdef (cyclegan_diffaug 100 % seed 0), which differs in 1 "
                        "key:\n  train.ema_decay: not known to the version that stored the run"));
}

TEST_F(ExplainTest, AnUnknownOrAmbiguousIdIsBadInput) {
  const JobPlan now = plan({"sweep.seeds=[0, 1]"});
  EXPECT_THAT(error_of(ErrorKind::kInvalidSpec, [&] { explained(now, "zz"); }),
              HasSubstr("--explain: no run of the plan or of"));
  EXPECT_THAT(error_of(ErrorKind::kInvalidSpec, [&] { explained(now, ""); }),
              HasSubstr("ids of several runs begin with"));
}

}  // namespace
}  // namespace scgan::sweeps
