// kill -9 at chosen moments: in the middle of the files and transactions that a job writes, which
// the random kills of chaos_test.cc seldom hit.
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
    "write results.db-journal",  // the store is created
    "sync results.db$",
    "write sweep.yaml",
    "rename plan.json",
    "write log.jsonl",
    "write times.jsonl",
    "write checkpoint-00000001.safetensors",
    "sync checkpoint-00000001.safetensors",
    "rename checkpoint-00000001.safetensors",
    "write checkpoint-00000001.json",  // commits the checkpoint
    "rename checkpoint-00000001.json",
    "rename checkpoint-00000002.json",
    "unlink checkpoint-00000001",       // removes an old checkpoint
    "rename checkpoint-00000006.json",  // after the last step
    "sync runs/ after rename checkpoint-00000006.json",
    "write samples/",
    "rename netG_A.safetensors",
    "write netG_B.safetensors",
    "sync features-AtoB.safetensors",
    "write results.db-journal after rename features-AtoB.safetensors",  // stores the finished run
    "write results.db$ after rename features-AtoB.safetensors",
    "sync results.db$ after rename features-AtoB.safetensors",
    "unlink results.db-journal after rename features-AtoB.safetensors",  // commits that
    "unlink checkpoint-00000006.safetensors after rename features-AtoB.safetensors",
};

class CrashPoints : public SweepFixture {
 protected:
  Command command(const std::string& out) const {
    return sweep_command(0, {"tiny.yaml", "--out", out, "--set", "run.checkpoint_minutes=0"});
  }
};

TEST_F(CrashPoints, ASweepKilledInEveryKindOfWriteEndsWithTheSameBytes) {
  const Ended undisturbed = run(command("undisturbed"));
  ASSERT_EQ(undisturbed.exit_code, 0) << undisturbed.text();
  const Digests expected = result_digests(path("undisturbed"));
  const std::string curves = loss_curves(path("undisturbed"));

  // One sweep passes all moments; each start gets a little further.
  for (const char* moment : kMoments) {
    Command crashing = command("out");
    crashing.environment["LD_PRELOAD"] = SCGAN_CRASH_POINT;
    crashing.environment["SCGAN_CRASH"] = moment;
    const Ended ended = run(crashing);
    EXPECT_EQ(ended.exit_code, kKilled) << "not reached: " << moment << "\n" << ended.text();
  }
  const Ended last = run(command("out"));
  EXPECT_EQ(last.exit_code, 0) << last.text();
  EXPECT_EQ(result_digests(path("out")), expected);
  EXPECT_EQ(loss_curves(path("out")), curves);
  // A finished run needs no checkpoint.
  EXPECT_THAT(listing(path("out")), Each(Not(AnyOf(HasSubstr(".tmp"), HasSubstr("checkpoint-")))));
  // The run is stored once, although its results were written several times.
  EXPECT_EQ(report({"out", "--format", "csv"}).out.find("failed"), std::string::npos);
  EXPECT_EQ(statuses(path("out")).size(), 1);
}

}  // namespace
}  // namespace scgan::end_to_end
