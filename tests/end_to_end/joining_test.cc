// Ranks that join a running run, or leave it for another, do not change its bytes.
#include <signal.h>

#include <algorithm>
#include <memory>
#include <string>

#include "tests/end_to_end/sweep_fixture.h"

namespace scgan::end_to_end {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using Seconds = std::chrono::duration<double>;

// A short run and one that has much left to do when the short one is over.
const Words kSets{"--set", "sweep.variants=[cyclegan_diffaug]",
                  "--set", "sweep.axes={train.steps: [2, 16]}",
                  "--set", "run.checkpoint_minutes=0.02"};

class JoiningTest : public SweepFixture {
 protected:
  static Words words(const std::string& out) {
    Words all{"tiny.yaml", "--out", out};
    all.insert(all.end(), kSets.begin(), kSets.end());
    return all;
  }

  // Starts the sweep on two ranks and returns when the second one joins the long run, while the
  // state is on its way.
  std::unique_ptr<Subprocess> started_until_a_rank_joins() const {
    auto process = std::make_unique<Subprocess>(sweep_command(2, words("out")));
    const bool joins = wait_until([&] {
      return process->err().find(" ranks from step ") != std::string::npos || !process->running();
    });
    EXPECT_TRUE(joins && process->running()) << process->err();
    return process;
  }

  void expect_same_bytes_after_resume() const {
    const Ended ended = sweep(2, words("out"));
    EXPECT_EQ(ended.exit_code, 0) << ended.text();
    EXPECT_EQ(result_digests(path("out")), undisturbed_);
    fs::remove_all(path("out"));
  }

  static void SetUpTestSuite() { undisturbed_ = undisturbed_digests(words("out")); }
  static inline Digests undisturbed_;
};

TEST_F(JoiningTest, FreeRanksJoinTheLastRun) {
  const Ended ended = sweep(4, words("out"));  // two ranks per run, then four for the long one
  EXPECT_EQ(ended.exit_code, 0) << ended.text();
  EXPECT_THAT(ended.err, HasSubstr(": 4 ranks from step ")) << ended.text();
  EXPECT_EQ(result_digests(path("out")), undisturbed_);
}

TEST_F(JoiningTest, AKillWhileARankJoinsDoesNotChangeTheBytes) {
  for (const size_t victim : {0, 1}) {
    const auto process = started_until_a_rank_joins();
    const auto ranks = process->children();
    ASSERT_EQ(ranks.size(), 2) << process->err();
    kill(ranks[victim], SIGKILL);
    const Ended& ended = process->wait(Seconds(30));
    EXPECT_FALSE(ended.timed_out) << ended.text();
    EXPECT_NE(ended.exit_code, 0);
    expect_same_bytes_after_resume();
  }
}

TEST_F(JoiningTest, AStopWhileARankJoinsDoesNotChangeTheBytes) {
  const auto process = started_until_a_rank_joins();
  for (const pid_t rank : process->children()) kill(rank, SIGUSR2);
  const Ended& ended = process->wait(Seconds(30));
  EXPECT_EQ(ended.exit_code, 75) << ended.text();
  expect_same_bytes_after_resume();
}

class LeavingTest : public SweepFixture {
 protected:
  static Words words() {
    Words all{"tiny.yaml", "--out", "out"};
    all.insert(all.end(), kARankMoves.begin(), kARankMoves.end());
    return all;
  }

  std::unique_ptr<Subprocess> started() const {
    return started_until_a_rank_leaves(sweep_command(3, words()), path("out"));
  }

  static void SetUpTestSuite() { undisturbed_ = undisturbed_digests(words()); }
  static inline Digests undisturbed_;
};

TEST_F(LeavingTest, ARankLeavesARunForTheOneThatEndsLast) {
  const auto process = started();
  const Ended& ended = process->wait(Seconds(60));
  EXPECT_EQ(ended.exit_code, 0) << ended.text();
  EXPECT_EQ(result_digests(path("out")), undisturbed_);
}

TEST_F(LeavingTest, AKillWhileARankLeavesDoesNotChangeTheBytes) {
  for (const size_t victim : {0, 2}) {
    const auto process = started();
    kill(process->children().at(victim), SIGKILL);
    const Ended& killed = process->wait(Seconds(30));
    EXPECT_FALSE(killed.timed_out) << killed.text();
    EXPECT_NE(killed.exit_code, 0);
    const Ended ended = sweep(3, words());
    EXPECT_EQ(ended.exit_code, 0) << ended.text();
    EXPECT_EQ(result_digests(path("out")), undisturbed_);
    fs::remove_all(path("out"));
  }
}

// More ranks would exceed the number that the user asked for, or change the bits.
TEST_F(JoiningTest, RunsWithAFixedNumberOfRanksOrTheLibrarysSumAreNotJoined) {
  for (const char* set : {"run.ranks_per_run=1", "run.reduction=allreduce"}) {
    Words words_of_set = words(set);
    words_of_set.insert(words_of_set.end(), {"--set", set});
    const Ended ended = sweep(2, words_of_set);
    EXPECT_EQ(ended.exit_code, 0) << ended.text();
    EXPECT_THAT(ended.err, testing::Not(HasSubstr("ranks from step"))) << ended.text();
  }
}

// Imitates two hosts with different processors.
TEST_F(JoiningTest, RanksOfDifferentDevicesNeverShareARun) {
  Command command = sweep_command(1, words("out"));
  const Words second = sweep_words(1, words("out"));
  const auto program = std::find(second.begin(), second.end(), SCGAN_SWEEP);
  command.words.insert(command.words.end(), {":", "-n", "1", "-x", "SCGAN_DEVICE_NAME=cpu: other"});
  command.words.insert(command.words.end(), program, second.end());
  const Ended ended = run(command);
  EXPECT_EQ(ended.exit_code, 0) << ended.text();
  EXPECT_THAT(ended.err,
              AllOf(HasSubstr("rank 1: cpu: other"), testing::Not(HasSubstr("ranks from step"))))
      << ended.text();
  EXPECT_EQ(result_digests(path("out")), undisturbed_);

  command.words.insert(command.words.end(), {"--set", "run.ranks_per_run=2"});
  const auto colon = std::find(command.words.begin(), command.words.end(), ":");
  command.words.insert(colon, {"--set", "run.ranks_per_run=2"});
  const Ended refused = run(command);
  EXPECT_EQ(refused.exit_code, 2) << refused.text();
  EXPECT_THAT(refused.err, HasSubstr("at most 1 of 2 ranks compute on the same device"));
}

}  // namespace
}  // namespace scgan::end_to_end
