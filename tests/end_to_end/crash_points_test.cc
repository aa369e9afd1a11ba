// kill -9 at chosen moments: half-way through the files and transactions that a job writes. The
// kills at random moments are in chaos_test.cc; these are those that chance seldom meets.
#include "tests/end_to_end/sweep_fixture.h"

namespace scgan::end_to_end {
namespace {

using testing::AnyOf;
using testing::Each;
using testing::HasSubstr;
using testing::Not;

constexpr int kKilled = 128 + 9;

// In the order of a job's life; see tests/support/crash_point.cc.
const char* const kMoments[] = {
    "write results.db-journal",  // the store is made
    "sync results.db$",
    "write sweep.yaml",
    "rename plan.json",
    "write log.jsonl",
    "write checkpoint-00000001.safetensors",
    "sync checkpoint-00000001.safetensors",
    "rename checkpoint-00000001.safetensors",
    "write checkpoint-00000001.json",  // its commit record
    "rename checkpoint-00000001.json",
    "rename checkpoint-00000002.json",
    "unlink checkpoint-00000001",  // an old one is removed
    "write results.db$ after rename checkpoint-00000004.json",
    "rename checkpoint-00000006.json",  // the last step
    "sync runs/ after rename checkpoint-00000006.json",
    "write samples/",
    "rename netG_A.safetensors",
    "write netG_B.safetensors",
    "sync features-AtoB.safetensors",
    "write results.db-journal after rename features-AtoB.safetensors",  // the run is done
    "write results.db$ after rename features-AtoB.safetensors",
    "sync results.db$ after rename features-AtoB.safetensors",
    "unlink results.db-journal after rename features-AtoB.safetensors",  // committed by this
    "unlink checkpoint-00000006.safetensors after rename features-AtoB.safetensors",  // not needed
};

class CrashPoints : public SweepFixture {
 protected:
  Command command(const std::string& out) const {
    return sweep_command(0, {"tiny.yaml", "--out", out, "--set", "run.checkpoint_minutes=0"});
  }
};

TEST_F(CrashPoints, KilledInTheMiddleOfEveryKindOfWriteTheSweepEndsWithTheSameBytes) {
  const Ended undisturbed = run(command("undisturbed"));
  ASSERT_EQ(undisturbed.exit_code, 0) << undisturbed.text();
  const Digests expected = result_digests(path("undisturbed"));
  const std::string curves = loss_curves(path("undisturbed"));

  // One sweep goes through all of them, each start a little further.
  for (const char* moment : kMoments) {
    Command crashing = command("out");
    crashing.environment["LD_PRELOAD"] = SCGAN_CRASH_POINT;
    crashing.environment["SCGAN_CRASH"] = moment;
    const Ended ended = run(crashing);
    EXPECT_EQ(ended.exit_code, kKilled) << "did not come: " << moment << "\n" << ended.text();
  }
  const Ended last = run(command("out"));
  EXPECT_EQ(last.exit_code, 0) << last.text();
  EXPECT_EQ(result_digests(path("out")), expected);
  EXPECT_EQ(loss_curves(path("out")), curves);
  // A finished run needs no checkpoint.
  EXPECT_THAT(listing(path("out")), Each(Not(AnyOf(HasSubstr(".tmp"), HasSubstr("checkpoint-")))));
  // Each run is stored once, however often its results were written.
  EXPECT_EQ(report({"out", "--format", "csv"}).out.find("failed"), std::string::npos);
  EXPECT_EQ(statuses(path("out")).size(), 1);
}

}  // namespace
}  // namespace scgan::end_to_end
