// After an interruption (a stop, a kill, a damaged checkpoint), the same command produces the bytes
// of an uninterrupted sweep.
#include <signal.h>

#include <cstdio>
#include <fstream>
#include <numeric>
#include <optional>
#include <sstream>

#include "tests/end_to_end/sweep_fixture.h"

namespace scgan::end_to_end {
namespace {

constexpr int kSteps = 16;      // 2 per epoch
constexpr int kWellInside = 3;  // far from the end, after two checkpoints
constexpr int kStopped = 75;
const Words kLonger{"tiny.yaml",
                    "--set",
                    "train.epochs=6",
                    "--set",
                    "train.decay_epochs=2",
                    "--set",
                    "run.checkpoint_minutes=0"};

Words longer(const std::string& out, int ranks_per_run = 1) {
  Words words = kLonger;
  words.insert(words.end(),
               {"--out", out, "--set", "run.ranks_per_run=" + std::to_string(ranks_per_run)});
  return words;
}

void flip_byte(const fs::path& file) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  const auto middle = static_cast<std::streamoff>(fs::file_size(file) / 2);
  stream.seekg(middle);
  const int byte = stream.get();
  stream.seekp(middle);
  stream.put(static_cast<char>(byte ^ 0x10));
  stream.close();
  ASSERT_TRUE(stream) << file;
}

// Of times.jsonl, whose lines begin with them.
std::vector<int> steps_with_times(const fs::path& out) {
  std::vector<int> steps;
  std::istringstream lines(read_text(run_folder(out) / "times.jsonl"));
  for (std::string line; std::getline(lines, line);) {
    int step = -1;
    std::sscanf(line.c_str(), "{\"step\":%d,\"seconds\":", &step);
    steps.push_back(step);
  }
  return steps;
}

class Resume : public SweepFixture {
 protected:
  static void SetUpTestSuite() { undisturbed_ = undisturbed_digests(longer("out")); }

  // Starts the sweep and returns while it trains.
  void start(int ranks) {
    process_.emplace(sweep_command(ranks, longer("out", std::max(ranks, 1))));
    ASSERT_TRUE(wait_until(
        [&] { return newest_checkpoint(path("out")) >= kWellInside || !process_->running(); }));
    ASSERT_TRUE(process_->running()) << process_->wait(std::chrono::seconds(1)).text();
  }

  void expect_stopped_midway(const fs::path& out) {
    const int step = newest_checkpoint(out);
    EXPECT_GE(step, kWellInside);
    EXPECT_LT(step, kSteps);
    const Statuses runs = statuses(out);
    ASSERT_EQ(runs.size(), 1U);
    const RunStatus& status = runs.begin()->second;
    EXPECT_EQ(status.state, "to do");
    EXPECT_EQ(status.step, std::to_string(step) + "/" + std::to_string(kSteps));
    EXPECT_EQ(status.attempts, 1);
  }

  Ended expect_same_end(int ranks, const std::string& out) {
    const int before = newest_checkpoint(path(out));
    const Ended ended = sweep(ranks, longer(out, std::max(ranks, 1)));
    EXPECT_EQ(ended.exit_code, 0) << ended.text();
    EXPECT_EQ(result_digests(path(out)), undisturbed_) << "from step " << before;
    std::vector<int> steps(kSteps);
    std::iota(steps.begin(), steps.end(), 1);
    EXPECT_EQ(steps_with_times(path(out)), steps) << "from step " << before;
    const Statuses runs = statuses(path(out));
    EXPECT_EQ(runs.size(), 1U);
    EXPECT_EQ(runs.begin()->second.state, "done");
    EXPECT_EQ(runs.begin()->second.attempts, 2);
    return ended;
  }

  std::optional<Subprocess> process_;
  static inline Digests undisturbed_;
};

TEST_F(Resume, AStopSignalToMpirunWritesACheckpointFromWhichAnyNumberOfRanksResumes) {
  start(2);
  process_->signal(SIGUSR2);
  const Ended& ended = process_->wait(std::chrono::minutes(1));
  EXPECT_EQ(ended.exit_code, kStopped) << ended.text();
  expect_stopped_midway(path("out"));
  fs::copy(path("out"), path("copy"), fs::copy_options::recursive);
  expect_same_end(2, "out");
  expect_same_end(4, "copy");
}

TEST_F(Resume, ATerminatedProcessResumesFromItsCheckpoint) {
  start(0);
  process_->signal(SIGTERM);
  const Ended& ended = process_->wait(std::chrono::minutes(1));
  EXPECT_EQ(ended.exit_code, kStopped) << ended.text();
  expect_stopped_midway(path("out"));
  expect_same_end(0, "out");
}

TEST_F(Resume, AJobWithAStopTimeStopsByItself) {
  Words words = longer("out");
  words.insert(words.end(), {"--set", "train.epochs=5000", "--stop-after", "0.02"});
  const Ended ended = sweep(0, words);
  EXPECT_EQ(ended.exit_code, kStopped) << ended.text();
  EXPECT_LT(ended.seconds, 60);
  EXPECT_EQ(statuses(path("out")).begin()->second.state, "to do");
}

TEST_F(Resume, AJobThatStartsAfterItsStopTimeStillTrainsOneStep) {
  Words words = longer("out");
  words.insert(words.end(), {"--set", "train.steps=2", "--stop-after", "0.00001"});
  for (const int step : {1, -1}) {  // after the last step no checkpoint is left
    const Ended ended = sweep(0, words);
    EXPECT_EQ(ended.exit_code, step < 0 ? 0 : kStopped) << ended.text();
    EXPECT_EQ(newest_checkpoint(path("out")), step);
  }
}

// Each run ends before its second step boundary.
TEST_F(Resume, ASweepOfOneStepRunsStopsInTimeAndTheRestWaits) {
  constexpr int kRuns = 300;
  Words words{"tiny.yaml", "--out", "out", "--set", "train.steps=1", "--stop-after", "0.03"};
  std::string seeds = "sweep.seeds=[0";
  for (int seed = 1; seed < kRuns; ++seed) seeds += ", " + std::to_string(seed);
  words.insert(words.end(), {"--set", seeds + "]"});
  for (const int ranks : {0, 2}) {  // the second job starts at about its deadline
    const Ended ended = sweep(ranks, words);
    EXPECT_EQ(ended.exit_code, kStopped) << ended.text();
    EXPECT_LT(ended.seconds, 30);
  }
  std::map<std::string, int> states;
  for (const auto& [id, status] : statuses(path("out"))) ++states[status.state];
  EXPECT_GE(states["done"], 2);
  EXPECT_GE(states["to do"], kRuns / 2);
  EXPECT_EQ(states["done"] + states["to do"], kRuns);
}

TEST_F(Resume, ALostRankEndsTheJobSoonAndTheSameCommandFinishesIt) {
  start(2);
  const std::vector<pid_t> ranks = process_->children();
  ASSERT_EQ(ranks.size(), 2U);
  kill(ranks.back(), SIGKILL);
  const auto killed = std::chrono::steady_clock::now();
  const Ended& ended = process_->wait(std::chrono::seconds(30));
  EXPECT_FALSE(ended.timed_out);
  EXPECT_LT(std::chrono::steady_clock::now() - killed, std::chrono::seconds(10));
  EXPECT_NE(ended.exit_code, 0) << ended.text();
  EXPECT_NE(ended.exit_code, kStopped) << ended.text();
  expect_same_end(2, "out");
}

TEST_F(Resume, ADamagedCheckpointIsNamedAndTheOneBeforeIsUsed) {
  start(0);
  process_->signal(SIGKILL);
  process_->wait(std::chrono::minutes(1));
  const int newest = newest_checkpoint(path("out"));
  std::string name = std::to_string(newest);
  name = "checkpoint-" + std::string(8 - name.size(), '0') + name;
  flip_byte(run_folder(path("out")) / (name + ".safetensors"));
  const Ended ended = expect_same_end(0, "out");
  EXPECT_THAT(ended.err, testing::HasSubstr(name));
  EXPECT_THAT(ended.err, testing::HasSubstr("the previous one is used"));
}

}  // namespace
}  // namespace scgan::end_to_end
