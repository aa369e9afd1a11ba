// A sweep whose processes are killed repeatedly at random moments ends with the bytes of an
// uninterrupted one. The test prints the random seed; SCGAN_CHAOS_SEED sets it, SCGAN_CHAOS_KILLS
// sets the number of kills (`make chaos`: 200).
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <random>

#include "tests/end_to_end/sweep_fixture.h"

namespace scgan::end_to_end {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr int kKills = 20;
constexpr int kUsualRanks = 3;
constexpr double kLongestEnd = 10;
const Words kSweep{"tiny.yaml",
                   "--set",
                   "sweep.variants=[cyclegan, scgan]",
                   "--set",
                   "sweep.seeds=[0, 1]",
                   "--set",
                   "train.steps=4",
                   "--set",
                   "run.checkpoint_minutes=0"};

int from_environment(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoi(text);
}

bool is_gone(pid_t process) {
  const std::string stat = read_text("/proc/" + std::to_string(process) + "/stat");
  const size_t name_end = stat.rfind(')');
  return name_end == std::string::npos || stat.compare(name_end, 3, ") Z") == 0;
}

// What must not depend on interruptions: files, and the numbers in the store.
struct Results {
  Digests files;
  std::string numbers, curves;
};

class Chaos : public SweepFixture {
 protected:
  Words words(const std::string& out, int ranks_per_run) const {
    Words all = kSweep;
    const std::string asked = ranks_per_run == 0 ? "auto" : std::to_string(ranks_per_run);
    all.insert(all.end(), {"--out", out, "--set", "run.ranks_per_run=" + asked});
    return all;
  }

  Results results(const std::string& out) const {
    return {result_digests(path(out)),
            without_columns(report({out, "--format", "csv"}).out,
                            {"attempts", "train_seconds", "steps_per_second"}),
            loss_curves(path(out))};
  }

  int draw(int below) { return std::uniform_int_distribution<int>(0, below - 1)(random_); }

  // Usually 3 ranks with a run each, which join the last run; sometimes one process without mpirun,
  // 2 ranks that share a run, or 4 ranks with 2 per run.
  Subprocess start(const std::string& out) {
    struct Shape {
      int ranks, per_run;
    };
    static constexpr Shape kOthers[] = {{0, 1}, {2, 2}, {4, 2}};
    const Shape shape = draw(4) == 0 ? kOthers[draw(3)] : Shape{kUsualRanks, 0};
    return Subprocess(sweep_command(shape.ranks, words(out, shape.per_run)));
  }

  // Starts the sweep and kills one of its processes. Returns false if the sweep ended first.
  bool kill_once(const std::string& out, double longest) {
    Subprocess process = start(out);
    const Seconds moment(std::uniform_real_distribution<double>(0, longest)(random_));
    const auto end = Clock::now() + moment;
    while (Clock::now() < end && process.running()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    const std::vector<pid_t> ranks = process.children();
    if (!process.running()) {
      const Ended& ended = process.wait(Seconds(1));
      EXPECT_EQ(ended.exit_code, 0) << ended.text();
      return false;
    }
    // Sometimes the launcher; always if it has not started its ranks yet.
    const bool launcher = ranks.empty() || draw(6) == 0;
    kill(
        launcher ? process.pid() : ranks[static_cast<size_t>(draw(static_cast<int>(ranks.size())))],
        SIGKILL);
    const auto killed = Clock::now();
    const Ended& ended = process.wait(Seconds(3 * kLongestEnd));
    const bool gone =
        wait_until([&] { return std::ranges::all_of(ranks, is_gone); }, Seconds(3 * kLongestEnd));
    const double seconds = Seconds(Clock::now() - killed).count();
    EXPECT_FALSE(ended.timed_out) << ended.text();
    EXPECT_TRUE(gone) << "ranks outlive their launcher";
    EXPECT_LT(seconds, kLongestEnd)
        << (launcher ? "launcher killed\n" : "rank killed\n") << ended.text();
    slowest_end_ = std::max(slowest_end_, seconds);
    return true;
  }

  std::mt19937 random_;
  double slowest_end_ = 0;
};

TEST_F(Chaos, ASweepKilledAtRandomMomentsEndsWithTheBytesOfAnUninterruptedOne) {
  const int kills = from_environment("SCGAN_CHAOS_KILLS", kKills);
  const int seed =
      from_environment("SCGAN_CHAOS_SEED", static_cast<int>(std::random_device()() % 100000));
  random_.seed(static_cast<unsigned>(seed));
  std::cout << "SCGAN_CHAOS_SEED=" << seed << ", " << kills << " kills" << std::endl;

  const Ended undisturbed = sweep(kUsualRanks, words("undisturbed", 0));
  ASSERT_EQ(undisturbed.exit_code, 0) << undisturbed.text();
  const Results expected = results("undisturbed");
  ASSERT_FALSE(expected.files.empty());

  int done = 0, rounds = 0;
  while (done < kills && !HasFailure()) {
    const std::string out = "out" + std::to_string(++rounds);
    while (done < kills && !HasFailure() && kill_once(out, undisturbed.seconds)) ++done;
    const Ended last = sweep(kUsualRanks, words(out, 0));
    EXPECT_EQ(last.exit_code, 0) << last.text();
    const Results now = results(out);
    EXPECT_THAT(now.files, testing::ContainerEq(expected.files)) << "after " << done << " kills";
    EXPECT_EQ(now.numbers, expected.numbers) << "after " << done << " kills";
    EXPECT_EQ(now.curves, expected.curves) << "after " << done << " kills";
    fs::remove_all(path(out));
  }
  std::cout << done << " kills in " << rounds << " sweeps; the slowest end took " << slowest_end_
            << " s" << std::endl;
}

}  // namespace
}  // namespace scgan::end_to_end
