#include "results/verify/verify.h"

#include <fmt/format.h>

#include "core/base/atomic_file.h"
#include "core/base/sha256.h"
#include "tests/results/verify/checked_folder.h"
#include "tests/support/error_of.h"

namespace scgan::results {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

class VerifyTest : public CheckedFolder {};

TEST_F(VerifyTest, AFolderThatWasNotChangedHasNoProblems) {
  const Verification found = verify(out());
  EXPECT_THAT(found.problems, IsEmpty());
  EXPECT_THAT(found.notes, IsEmpty());
  EXPECT_THAT(found.runs, ElementsAre(Pair(RunState::kDone, 2)));
  EXPECT_EQ(found.files, 8);
  EXPECT_EQ(found.scores, 2 * 2 * 8) << "runs, directions, scores";
  EXPECT_THAT(found.other_scores, ElementsAre(Pair("output_spread", 4)));
  EXPECT_EQ(found.unplanned_runs, 0);
}

TEST_F(VerifyTest, TheSummaryCountsWhatWasChecked) {
  const std::string first = std::min(id(0), id(1)), second = std::max(id(0), id(1));
  EXPECT_EQ(to_text(verify(out())),
            fmt::format("not recomputed, since they need the images: 4 output_spread\n"
                        "verified: 2 of 2 runs done, 0 failed, 0 running, 0 to do; plan digest {}; "
                        "8 files, 32 scores recomputed; 0 problems\n",
                        sha256_hex(first + "\n" + second).substr(0, 16)));
}

TEST_F(VerifyTest, FilesThatWereNotKeptAreCounted) {
  sql(fmt::format("UPDATE artifact SET kept = 0 WHERE run_id = '{}' AND path LIKE '%netG%'",
                  id(0)));
  EXPECT_EQ(verify(out()).files, 8) << "a job that was killed before it removed them";
  std::filesystem::remove(file(0, "netG_A.safetensors"));
  std::filesystem::remove(file(0, "netG_B.safetensors"));
  Verification found = verify(out());
  EXPECT_THAT(found.problems, IsEmpty());
  EXPECT_EQ(found.files, 6);
  EXPECT_EQ(found.unkept_files, 2);
  EXPECT_EQ(found.scores, 32);
  // Without features, nothing says whether the scores are right.
  sql(fmt::format("UPDATE artifact SET kept = 0 WHERE run_id = '{}'", id(0)));
  std::filesystem::remove(file(0, "features-AtoB.safetensors"));
  std::filesystem::remove(file(0, "features-BtoA.safetensors"));
  found = verify(out());
  EXPECT_THAT(found.problems, IsEmpty());
  EXPECT_EQ(found.scores, 16);
  EXPECT_EQ(found.other_scores.at("fid"), 2);
  EXPECT_THAT(
      to_text(found),
      AllOf(HasSubstr("not checked: 4 files that were not kept (run.keep)\n"),
            HasSubstr("the images or features that were not kept: 2 feature_count, 2 fid,")));
}

TEST_F(VerifyTest, ProblemsAreListedInTheOrderOfThePlan) {
  std::filesystem::remove(file(1, "netG_A.safetensors"));
  std::filesystem::remove(file(0, "netG_B.safetensors"));
  EXPECT_THAT(problems(),
              ElementsAre(AllOf(HasSubstr(id(0)), HasSubstr("(cyclegan, 100 %, seed 0)")),
                          AllOf(HasSubstr(id(1)), HasSubstr("(cyclegan, 100 %, seed 1)"))));
  EXPECT_THAT(to_text(verify(out())), HasSubstr("; 2 problems\n"));
}

TEST_F(VerifyTest, RunsOfEarlierPlansAreCountedAndNotChecked) {
  sql(fmt::format("UPDATE run SET position = NULL WHERE id = '{}'", id(1)));
  std::filesystem::remove(file(1, "netG_A.safetensors"));
  const Verification found = verify(out());
  EXPECT_EQ(found.unplanned_runs, 1);
  EXPECT_THAT(found.problems, ElementsAre(HasSubstr("is in plan.json, but not in the plan")));
  EXPECT_THAT(to_text(found), HasSubstr("not checked: 1 run of earlier plans\n"));
}

TEST_F(VerifyTest, AFolderOfAnUnknownRunIsNamed) {
  std::filesystem::create_directories(out() / "runs" / "0123456789abcdef");
  std::filesystem::create_directories(out() / "runs" / "my notes");
  EXPECT_THAT(problems(), ElementsAre("runs/0123456789abcdef: results.db has no run of this id"));
}

TEST_F(VerifyTest, AFolderWithoutAStoreIsBadInput) {
  std::filesystem::remove(out() / "results.db");
  EXPECT_THAT(error_of(ErrorKind::kInvalidSpec, [&] { verify(out()); }),
              HasSubstr("has no results.db"));
}

TEST_F(VerifyTest, ADamagedStoreIsAProblem) {
  std::string bytes = read_file(out() / "results.db");
  for (size_t i = 4096; i < 3 * 4096; ++i) bytes[i] = 'x';
  write_file_atomically(out() / "results.db", bytes);
  EXPECT_THAT(problems(), Contains(HasSubstr("results.db: ")));
}

TEST_F(VerifyTest, AnotherFileInPlaceOfTheStoreIsAProblem) {
  write_file_atomically(out() / "results.db", std::string(8192, 'x'));
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("not a database")));
  EXPECT_THAT(to_text(verify(out())), HasSubstr("plan digest unknown"));
}

}  // namespace
}  // namespace scgan::results
