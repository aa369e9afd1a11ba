// Faults on a cluster: full disks, damaged checkpoints, hanging ranks, failing runs. The program
// names each fault and ends soon, and the same command then finishes the sweep with the same bytes.
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <optional>

#include "tests/end_to_end/sweep_fixture.h"

namespace scgan::end_to_end {
namespace {

using std::chrono::seconds;
using testing::AllOf;
using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr int kFailedRuns = 1, kLost = 3, kStopped = 75;
constexpr int kSomeSteps = 3;  // far from the end
const Words kLonger{"tiny.yaml",
                    "--set",
                    "train.epochs=5",
                    "--set",
                    "train.decay_epochs=2",
                    "--set",
                    "run.checkpoint_minutes=0"};

Words longer(const std::string& out, const Words& more = {}) {
  Words words = kLonger;
  words.insert(words.end(), {"--out", out});
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::vector<std::string> temporaries(const fs::path& out) {
  std::vector<std::string> found;
  for (const std::string& name : listing(out)) {
    if (name.find(".tmp") != std::string::npos) found.push_back(name);
  }
  return found;
}

// Mounts a file system small enough to fill. Needs root.
class SmallDisk {
 public:
  SmallDisk(fs::path folder, int kib) : folder_(std::move(folder)) {
    fs::create_directories(folder_);
    mounted_ = mount("none", folder_.c_str(), "tmpfs", 0,
                     ("size=" + std::to_string(kib) + "k").c_str()) == 0;
  }
  ~SmallDisk() {
    if (mounted_) umount2(folder_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool mounted() const { return mounted_; }
  void fill(long free_bytes = 0) const {
    struct statvfs status {};
    if (statvfs(folder_.c_str(), &status) != 0) throw std::runtime_error("no disk");
    std::ofstream ballast(folder_ / "ballast", std::ios::binary);
    const auto free = static_cast<long>(status.f_bavail * status.f_frsize);
    ballast << std::string(static_cast<size_t>(std::max(0L, free - free_bytes)), 'x');
    ballast.close();
  }
  void clear() const { fs::remove(folder_ / "ballast"); }

 private:
  fs::path folder_;
  bool mounted_ = false;
};

class Faults : public SweepFixture {
 protected:
  static void SetUpTestSuite() { undisturbed_ = undisturbed_digests(longer("out")); }

  void start(int ranks, const Words& words, std::map<std::string, std::string> environment = {}) {
    Command command = sweep_command(ranks, words);
    command.environment.merge(environment);
    process_.emplace(command);
    ASSERT_TRUE(wait_until(
        [&] { return newest_checkpoint(path("out")) >= kSomeSteps || !process_->running(); }));
    ASSERT_TRUE(process_->running()) << process_->wait(seconds(1)).text();
  }

  void expect_full_disk(const Ended& ended) {
    EXPECT_EQ(ended.exit_code, kLost) << ended.text();
    EXPECT_FALSE(ended.timed_out);
    EXPECT_THAT(ended.err, AllOf(HasSubstr((path("out") / "").string()),
                                 AnyOf(HasSubstr("No space left on device"),
                                       HasSubstr("database or disk is full"),
                                       HasSubstr("File too large"), HasSubstr("disk I/O error"))));
    EXPECT_EQ(temporaries(path("out")), Words{});
  }

  void expect_same_end(int ranks) {
    const Ended ended = sweep(ranks, longer("out"));
    EXPECT_EQ(ended.exit_code, 0) << ended.text();
    EXPECT_EQ(result_digests(path("out")), undisturbed_);
    EXPECT_EQ(statuses(path("out")).begin()->second.state, "done");
  }

  std::optional<Subprocess> process_;
  static inline Digests undisturbed_;
};

TEST_F(Faults, AFullDiskIsNamedAndTheJobResumesWhenThereIsSpace) {
  const SmallDisk disk(path("out"), 64 << 10);
  if (!disk.mounted()) GTEST_SKIP() << "no permission to mount a small disk";
  start(0, longer(path("out").string()));
  disk.fill();
  expect_full_disk(process_->wait(seconds(60)));
  EXPECT_GE(newest_checkpoint(path("out")), kSomeSteps);
  disk.clear();
  expect_same_end(0);
}

TEST_F(Faults, AStoreThatCannotGrowEndsTheJobAndIsNamed) {
  fs::create_directories(path("runs"));
  const SmallDisk disk(path("out"), 1 << 10);
  if (!disk.mounted()) GTEST_SKIP() << "no permission to mount a small disk";
  fs::create_directory_symlink(path("runs"), path("out") / "runs");
  start(0, longer(path("out").string()));
  disk.fill();
  const Ended& ended = process_->wait(seconds(60));
  expect_full_disk(ended);
  EXPECT_THAT(ended.err, HasSubstr("results.db"));
  disk.clear();
  expect_same_end(0);
}

TEST_F(Faults, AFileSizeLimitIsAnErrorThatNamesTheFileAndKeepsTheLastCheckpoint) {
  start(0, longer(path("out").string()));
  const rlimit limit{20000, 20000};  // less than a checkpoint
  ASSERT_EQ(prlimit(process_->pid(), RLIMIT_FSIZE, &limit, nullptr), 0);
  expect_full_disk(process_->wait(seconds(60)));
  EXPECT_GE(newest_checkpoint(path("out")), kSomeSteps);
  expect_same_end(2);
}

TEST_F(Faults, WithoutAnIntactCheckpointTheRunStartsOverAndSaysSo) {
  start(0, longer("out"));
  process_->signal(SIGKILL);
  process_->wait(seconds(60));
  for (const auto& entry : fs::directory_iterator(run_folder(path("out")))) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("checkpoint-") && name.ends_with(".safetensors")) {
      fs::resize_file(entry.path(), fs::file_size(entry.path()) / 2);
    }
  }
  const Ended ended = sweep(0, longer("out"));
  EXPECT_EQ(ended.exit_code, 0) << ended.text();
  EXPECT_THAT(ended.err,
              AllOf(HasSubstr("the previous one is used"), HasSubstr("starts from step 0")));
  EXPECT_EQ(result_digests(path("out")), undisturbed_);
}

// The lock of a program that reads the store in a transaction it does not end, as a database
// browser does: SQLite's shared lock on bytes of the file (https://sqlite.org/lockingv3.html; os.h
// of its source has the positions).
class OpenReader {
 public:
  explicit OpenReader(const fs::path& store) : file_(open(store.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct flock shared {};
    shared.l_type = F_RDLCK;
    shared.l_start = 0x40000002;
    shared.l_len = 510;
    holds_ = fcntl(file_, F_SETLK, &shared) == 0;
  }
  ~OpenReader() { close(file_); }
  OpenReader(const OpenReader&) = delete;
  OpenReader& operator=(const OpenReader&) = delete;
  bool holds() const { return holds_; }

 private:
  int file_;
  bool holds_ = false;
};

TEST_F(Faults, AReaderOfTheStoreStopsNeitherTheSweepNorLosesItsResult) {
  start(0, longer("out"));
  {
    const OpenReader reader(path("out") / "results.db");
    ASSERT_TRUE(reader.holds());
    const auto says = [&](const std::string& text) {
      return process_->err().find(text) != std::string::npos;
    };
    ASSERT_TRUE(wait_until([&] { return says("reads results.db"); })) << process_->err();
    ASSERT_TRUE(wait_until([&] { return says("[1/1]"); })) << process_->err();
    EXPECT_TRUE(process_->running()) << "the result is not stored yet";
    process_->signal(SIGKILL);
    process_->wait(seconds(60));
  }
  EXPECT_NE(statuses(path("out")).begin()->second.state, "done");
  const std::string log = read_text(run_folder(path("out")) / "log.jsonl");
  const Ended ended = sweep(0, longer("out"));
  EXPECT_EQ(ended.exit_code, 0) << ended.text();
  EXPECT_EQ(result_digests(path("out")), undisturbed_);
  EXPECT_EQ(read_text(run_folder(path("out")) / "log.jsonl"), log);
  EXPECT_THAT(ended.err, HasSubstr("continues from step 14 of 14")) << "it was trained again";
}

TEST_F(Faults, ASweepEndsWhenTheReaderOfItsStoreHasEnded) {
  start(0, longer("out"));
  {
    const OpenReader reader(path("out") / "results.db");
    ASSERT_TRUE(wait_until([&] { return process_->err().find("[1/1]") != std::string::npos; }));
    EXPECT_TRUE(process_->running());
  }
  EXPECT_EQ(process_->wait(seconds(60)).exit_code, 0);
  EXPECT_EQ(statuses(path("out")).begin()->second.state, "done");
  EXPECT_EQ(newest_checkpoint(path("out")), -1);
  EXPECT_EQ(result_digests(path("out")), undisturbed_);
}

// Rank 0 runs the coordinator, which watches rank 1.
class StoppedRank : public Faults, public testing::WithParamInterface<int> {};

TEST_P(StoppedRank, IsNamedWithItsStepAndEndsTheJob) {
  const int stopped = GetParam();
  start(2, longer("out", {"--set", "run.ranks_per_run=2", "--set", "train.epochs=500"}),
        {{"SCGAN_TIMEOUT_SECONDS", "10"}});
  const std::vector<pid_t> ranks = process_->children();
  ASSERT_EQ(ranks.size(), 2U);
  kill(ranks.at(static_cast<size_t>(stopped)), SIGSTOP);
  const Ended& ended = process_->wait(seconds(40));
  EXPECT_FALSE(ended.timed_out);
  EXPECT_EQ(ended.exit_code, kLost) << ended.text();
  const std::string silence = "rank " + std::to_string(stopped) + " has sent no heartbeat for 5 s";
  EXPECT_THAT(ended.err, HasSubstr(silence));
  if (stopped == 0) return;  // the stopped coordinator stores nothing
  const std::string run_id = run_folder(path("out")).filename().string();
  EXPECT_THAT(ended.err, AllOf(HasSubstr("run " + run_id + ", step "),
                               AnyOf(HasSubstr("in all_gather"), HasSubstr("in all_to_all"),
                                     HasSubstr("in broadcast"))));
  // The attempt stores the reason; the run is not failed.
  EXPECT_EQ(statuses(path("out")).begin()->second.state, "to do");
  EXPECT_THAT(attempt_ends(path("out")), ElementsAre(HasSubstr("lost: " + silence)));
}

TEST_F(Faults, ARankStoppedAtAnyMomentOfTheStartEndsTheJob) {
  using Reached = bool (*)(const fs::path& out);
  const std::map<std::string, Reached> moments{
      {"in_mpi", [](const fs::path&) { return true; }},
      {"before_run", [](const fs::path& out) { return fs::exists(out / "results.db"); }},
      {"in_run", [](const fs::path& out) { return !run_folder(out).empty(); }}};
  for (const auto& [moment, reached] : moments) {
    Command command = sweep_command(2, {"tiny.yaml", "--out", moment, "--set", "train.epochs=500"});
    command.environment["SCGAN_TIMEOUT_SECONDS"] = "6";
    Subprocess process(command);
    ASSERT_TRUE(
        wait_until([&] { return process.children().size() == 2 && reached(path(moment)); }));
    const std::vector<pid_t> ranks = process.children();
    ASSERT_EQ(ranks.size(), 2U);
    kill(ranks[1], SIGSTOP);
    const Ended& ended = process.wait(seconds(40));
    EXPECT_FALSE(ended.timed_out) << moment << ended.text();
    EXPECT_NE(ended.exit_code, 0) << moment << ended.text();
    EXPECT_THAT(ended.err,
                AnyOf(HasSubstr("rank 1 has sent no heartbeat"), HasSubstr("MPI has not started")));
  }
}

INSTANTIATE_TEST_SUITE_P(EitherRank, StoppedRank, testing::Values(0, 1));

// The first signal waits for the end of the step, which never ends.
TEST_F(Faults, ASecondSignalEndsTheJobAtOnce) {
  start(2, longer("out", {"--set", "run.ranks_per_run=2", "--set", "train.epochs=500"}));
  const std::vector<pid_t> ranks = process_->children();
  ASSERT_EQ(ranks.size(), 2U);
  kill(ranks[1], SIGSTOP);
  kill(ranks[0], SIGUSR2);
  // Signals within a second of the first count as the same request.
  std::this_thread::sleep_for(std::chrono::milliseconds(1200));
  ASSERT_TRUE(process_->running());
  kill(ranks[0], SIGUSR2);
  const Ended& ended = process_->wait(seconds(10));
  EXPECT_FALSE(ended.timed_out);
  EXPECT_EQ(ended.exit_code, kStopped) << ended.text();
}

TEST_F(Faults, ANonFiniteLossKeepsItsBatchAndIsRetriedOnlyOnRequest) {
  Words words{"tiny.yaml", "--out", "out"};
  for (const char* set :
       {"train.beta2=0", "train.learning_rate=10", "train.adam_eps=1e-16", "train.beta1=0.9"}) {
    words.insert(words.end(), {"--set", set});
  }
  const Ended first = sweep(2, words);
  EXPECT_EQ(first.exit_code, kFailedRuns) << first.text();
  EXPECT_THAT(first.err, HasSubstr("FAILED, non_finite: loss "));
  Words batches;
  for (const std::string& name : listing(path("out"))) {
    if (name.find("/non_finite-") != std::string::npos) batches.push_back(name);
  }
  ASSERT_EQ(batches.size(), 1U);
  EXPECT_THAT(
      read_text(path("out") / batches.front()),
      AllOf(HasSubstr("\"a\""), HasSubstr("\"b\""), HasSubstr("\"problem\":\"loss "),
            HasSubstr("\"step\":"), HasSubstr("\"loss.d_a\":"), HasSubstr("\"loss.cycle_b\":")));

  const Ended second = sweep(0, words);
  EXPECT_EQ(second.exit_code, kFailedRuns) << second.text();
  EXPECT_THAT(second.err,
              HasSubstr("is not tried again: failed after 1 attempt, non_finite: loss "));
  Words dry = words;
  dry.emplace_back("--dry-run");
  EXPECT_THAT(sweep(0, dry).out, HasSubstr("failed after 1 attempt, non_finite: loss "));
  EXPECT_EQ(statuses(path("out")).begin()->second.attempts, 1);
  words.emplace_back("--retry-failed");
  EXPECT_EQ(sweep(0, words).exit_code, kFailedRuns);
  EXPECT_EQ(statuses(path("out")).begin()->second.attempts, 2);
}

TEST_F(Faults, OutOfMemoryFailsTheRunAndTheOthersContinue) {
  Command command = sweep_command(
      0, {"tiny.yaml", "--out", "out", "--set", "sweep.axes={model.generator_width: [256, 4]}"});
  const std::string bytes = "4500000000";  // the process with LibTorch needs 3.2e9
  command.words.insert(command.words.begin(), {"prlimit", "--as=" + bytes});
  const Ended ended = run(command);
  EXPECT_EQ(ended.exit_code, kFailedRuns) << ended.text();
  EXPECT_THAT(ended.err, HasSubstr("FAILED, out_of_memory: "));
  EXPECT_THAT(attempt_ends(path("out")), ElementsAre(HasSubstr("out_of_memory: "), "done: "));
}

// One of two ranks has less memory; the other waits for it in a collective operation.
TEST_F(Faults, OutOfMemoryOnOneOfTwoRanksFailsTheRunAndTheOthersContinue) {
  Command command = sweep_command(1, {"tiny.yaml", "--out", "out"});
  const auto program = std::find(command.words.begin(), command.words.end(), SCGAN_SWEEP);
  Words both(program, command.words.end());
  for (const char* set : {"sweep.axes={model.generator_width: [384, 4]}", "run.ranks_per_run=2"}) {
    both.insert(both.end(), {"--set", set});
  }
  command.words.erase(program, command.words.end());
  command.words.insert(command.words.end(), both.begin(), both.end());
  command.words.insert(command.words.end(), {":", "-n", "1", "prlimit", "--as=5200000000"});
  command.words.insert(command.words.end(), both.begin(), both.end());
  const Ended ended = run(command);
  EXPECT_EQ(ended.exit_code, kFailedRuns) << ended.text();
  EXPECT_THAT(ended.err, HasSubstr("FAILED, out_of_memory: ")) << ended.text();
  EXPECT_THAT(attempt_ends(path("out")), ElementsAre(HasSubstr("out_of_memory: "), "done: "));
}

TEST_F(Faults, AJumpingClockChangesNothing) {
  const Ended day = run({{"date", "+%s"}, {{"LD_PRELOAD", SCGAN_CLOCK_JUMPS}}});
  EXPECT_GT(std::stol(day.out), std::time(nullptr) + 80000) << "the clock does not jump";
  Command command = sweep_command(2, longer("out", {"--set", "run.ranks_per_run=2"}));
  command.words.insert(std::find(command.words.begin(), command.words.end(), SCGAN_SWEEP),
                       {"-x", "LD_PRELOAD=" SCGAN_CLOCK_JUMPS});
  const Ended ended = run(command);
  EXPECT_EQ(ended.exit_code, 0) << ended.text();
  EXPECT_EQ(result_digests(path("out")), undisturbed_);
  EXPECT_EQ(statuses(path("out")).begin()->second.state, "done");
  EXPECT_THAT(attempt_ends(path("out")), ElementsAre("done: "));
}

}  // namespace
}  // namespace scgan::end_to_end
