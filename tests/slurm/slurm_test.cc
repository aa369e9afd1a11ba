// slurm/sweep.sbatch, slurm/array.sbatch and the script that --slurm writes, under the Slurm of two
// nodes that tests/slurm/one_host_slurm starts: however Slurm interrupts a job, the sweep ends with
// the bytes of one that ran undisturbed, without Slurm.
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "results/store/sqlite.h"
#include "tests/end_to_end/sweep_fixture.h"

namespace scgan::end_to_end {
namespace {

constexpr int kWellInside = 3;  // far from the last step, after two checkpoints
constexpr const char* kJobScript = SCGAN_SOURCE_DIR "/slurm/sweep.sbatch";
constexpr const char* kArrayScript = SCGAN_SOURCE_DIR "/slurm/array.sbatch";
// A run of 16 steps.
const Words kSweep{"--set", "train.epochs=6",          "--set", "train.decay_epochs=2",
                   "--set", "run.checkpoint_minutes=0"};
const Words kTwoSeeds{"--set", "sweep.seeds=[0, 1]"};
const Words kOnTwoRanks{"--device", "cpu", "--set", "run.ranks_per_run=2"};

Words operator+(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

// The output of a program of Slurm.
std::string slurm(const Words& words) {
  const Ended ended = run({words, {}});
  EXPECT_EQ(ended.exit_code, 0) << words.front() << ": " << ended.text();
  return ended.out;
}

// Slurm's programs are asked a few times a second.
template <typename Condition>
bool comes_true(Condition condition, int seconds = 60) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  return true;
}

// What Slurm says of a job, or of a task of an array: JobId, JobState, Restarts, ExitCode, ...
std::map<std::string, std::string> facts(const std::string& job) {
  std::map<std::string, std::string> result;
  std::istringstream words(slurm({"scontrol", "show", "job", "--oneliner", job}));
  for (std::string word; words >> word;) {
    const size_t equals = word.find('=');
    if (equals != std::string::npos)
      result.emplace(word.substr(0, equals), word.substr(equals + 1));
  }
  return result;
}

// The value of a variable in the environment of a process; empty if it has none.
std::string variable(const fs::path& process, const std::string& name) {
  std::istringstream all(read_text(process / "environ"));
  for (std::string each; std::getline(all, each, '\0');) {
    if (each.starts_with(name + "=")) return each.substr(name.size() + 1);
  }
  return "";
}

// The processes of scgan_sweep in a job, by rank.
std::vector<pid_t> ranks_of(const std::string& job_id) {
  std::map<int, pid_t> ranks;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::error_code failed;
    const fs::path program = fs::read_symlink(entry.path() / "exe", failed);
    if (failed || program != fs::canonical(SCGAN_SWEEP)) continue;
    if (variable(entry.path(), "SLURM_CONF") != std::getenv("SLURM_CONF")) continue;
    if (variable(entry.path(), "SLURM_JOB_ID") != job_id) continue;
    const std::string rank = variable(entry.path(), "PMIX_RANK");
    if (!rank.empty()) ranks[std::stoi(rank)] = std::stoi(entry.path().filename());
  }
  std::vector<pid_t> processes;
  for (const auto& [rank, process] : ranks) processes.push_back(process);
  return processes;
}

// The result files and stored numbers of a sweep, also of one in shards, by path in its run.
std::map<std::string, std::string> results_of(const fs::path& out) {
  std::map<std::string, std::string> results;
  for (const auto& entry : fs::recursive_directory_iterator(out)) {
    if (entry.path().filename() != "results.db") continue;
    const fs::path folder = entry.path().parent_path();
    results.merge(result_digests(folder));
    auto store = results::Database::open_read_only(entry.path());
    results::Statement read(
        store,
        "SELECT run_id || ' ' || phase || ' ' || name || ' ' || subject || ' ' || statistic || ' ' "
        "|| direction, step || ' ' || value || ' ' || n_real || ' ' || n_fake FROM metric "
        "UNION ALL SELECT run_id || ' ' || name || ' ' || step, value FROM loss");
    while (read.step()) results[read.text(0)] = read.text(1);
  }
  return results;
}

class Slurm : public SweepFixture {
 protected:
  static void SetUpTestSuite() {
    if (std::getenv("SLURM_CONF") == nullptr) {
      throw std::runtime_error("start this program by tests/slurm/one_host_slurm");
    }
    const TempDir folder;
    write_text(folder.path() / "tiny.yaml", kTinySweep);
    const Ended ended =
        run({sweep_words(0, Words{"tiny.yaml", "--out", "out"} + kSweep + kTwoSeeds),
             sweep_environment(), folder.path()});
    ASSERT_EQ(ended.exit_code, 0) << ended.text();
    undisturbed_ = results_of(folder.path() / "out");
    for (const auto& [id, status] : statuses(folder.path() / "out")) {
      if (status.seed == "0") first_run_ = id;
    }
  }

  // Also ends the job of a test that has failed.
  void TearDown() override {
    slurm({"scancel", "--user=root"});
    EXPECT_TRUE(comes_true([] { return slurm({"squeue", "--noheader"}).empty(); }));
  }

  // Returns the job's id.
  std::string submit(const Words& options, const Words& script) {
    Command command{{"sbatch", "--parsable", "--output=log", "--open-mode=append"},
                    sweep_environment(),
                    path(".")};
    command.words = command.words + options + script + kSweep;
    command.environment["SCGAN_SWEEP"] = SCGAN_SWEEP;
    command.environment["SCGAN_SCRIPT"] = kJobScript;
    const Ended ended = run(command);
    EXPECT_EQ(ended.exit_code, 0) << ended.text();
    return ended.out.substr(0, ended.out.find('\n'));
  }

  // With a rank on each of the two nodes.
  std::string submit_sweep(Words options = {}) {
    return submit(options + Words{"--nodes=2", "--ntasks-per-node=1"},
                  Words{kJobScript, "tiny.yaml", "out"} + kOnTwoRanks);
  }

  // Lets the ranks of a job, which train into `out`, wait in the middle of a run.
  std::vector<pid_t> pause(const std::string& job_id, const std::string& out = "out") {
    EXPECT_TRUE(wait_until([&] { return newest_checkpoint(path(out)) >= kWellInside; })) << log();
    const std::vector<pid_t> ranks = ranks_of(job_id);
    EXPECT_FALSE(ranks.empty()) << log();
    signal(ranks, SIGSTOP);
    return ranks;
  }

  static void signal(const std::vector<pid_t>& ranks, int number) {
    for (const pid_t rank : ranks) EXPECT_EQ(kill(rank, number), 0) << rank;
  }

  // Waits for the job's end, in `state`.
  void expect_end(const std::string& job, const std::string& state, const std::string& exit_code,
                  int restarts) {
    EXPECT_TRUE(comes_true([&] {
      const std::string now = facts(job)["JobState"];
      return now != "PENDING" && now != "RUNNING" && now != "COMPLETING";
    })) << log();
    auto job_facts = facts(job);
    EXPECT_EQ(job_facts["JobState"], state) << log();
    EXPECT_EQ(job_facts["ExitCode"], exit_code) << log();
    EXPECT_EQ(job_facts["Restarts"], std::to_string(restarts)) << log();
  }

  // Of the run of seed 0, the only one of most sweeps.
  void expect_undisturbed_run() {
    auto expected = undisturbed_;
    std::erase_if(expected, [](const auto& each) {
      return each.first.find(first_run_) == std::string::npos;
    });
    EXPECT_EQ(results_of(path("out")), expected) << log();
    EXPECT_GT(expected.size(), 20U);
  }

  // One job was interrupted, and went on by itself.
  void expect_requeued_and_done(const std::string& job_id) {
    expect_end(job_id, "COMPLETED", "0:0", 1);
    expect_undisturbed_run();
    EXPECT_EQ(attempts_that_resumed(), 1) << log();
  }

  // The job has ended; the same command goes on.
  void expect_continued_by_the_same_command() {
    expect_end(submit_sweep(), "COMPLETED", "0:0", 0);
    expect_undisturbed_run();
    EXPECT_EQ(attempts_that_resumed(), 1) << log();
  }

  int64_t attempts_that_resumed() const {
    return results::Database::open_read_only(path("out") / "results.db")
        .integer("SELECT count(*) FROM attempt WHERE first_step >= " + std::to_string(kWellInside));
  }

  std::string log() const { return fs::exists(path("log")) ? read_text(path("log")) : "no log"; }

  static inline std::map<std::string, std::string> undisturbed_;  // of both seeds
  static inline std::string first_run_;                           // the id of seed 0
};

TEST_F(Slurm, AJobThatComesNearItsTimeLimitSavesAndGoesOn) {
  const std::string job = submit_sweep({"--time=1", "--signal=B:USR2@30"});
  const auto ranks = pause(job);
  EXPECT_TRUE(comes_true([&] { return log().find("SIGUSR2: asking") != std::string::npos; }));
  signal(ranks, SIGCONT);
  EXPECT_TRUE(comes_true([&] { return facts(job)["JobState"] == "PENDING"; })) << log();
  slurm({"scontrol", "update", "JobId=" + job, "TimeLimit=10"});
  expect_requeued_and_done(job);
  auto store = results::Database::open_read_only(path("out") / "results.db");
  EXPECT_EQ(store.integer("SELECT count(*) FROM attempt WHERE hosts = 'node1, node2'"), 2);
}

TEST_F(Slurm, TheScriptThatSweepWritesSavesWhenItIsPreemptedAndGoesOn) {
  const Ended written = sweep(0, Words{"tiny.yaml", "--out", "out", "--slurm", "job"} + kSweep +
                                     Words{"--set", "run.ranks_per_run=2"});
  ASSERT_EQ(written.exit_code, 0) << written.text();
  const std::string job = submit({"--ntasks=2"}, {"job"});
  const auto ranks = pause(job);
  std::string urgent = slurm({"sbatch", "--parsable", "--partition=high", "--nodes=2",
                              "--exclusive", "--output=/dev/null", "--wrap=true"});
  urgent.pop_back();
  EXPECT_TRUE(comes_true([&] { return log().find("asking the ranks") != std::string::npos; }));
  signal(ranks, SIGCONT);
  expect_end(urgent, "COMPLETED", "0:0", 0);
  expect_requeued_and_done(job);
}

TEST_F(Slurm, AJobWhoseNodeIsLostGoesOn) {
  const std::string job = submit_sweep();
  pause(job);
  const Words update{"scontrol", "update", "NodeName=node2"};
  slurm(update + Words{"State=DOWN", "Reason=test"});
  slurm(update + Words{"State=RESUME"});
  expect_requeued_and_done(job);
}

TEST_F(Slurm, ACancelledJobSavesAndTheSameCommandGoesOn) {
  const std::string job = submit_sweep();
  signal(pause(job), SIGCONT);
  slurm({"scancel", job});
  expect_end(job, "CANCELLED", "75:0", 0);
  expect_continued_by_the_same_command();
}

TEST_F(Slurm, AKilledRankEndsTheJobAndTheSameCommandGoesOn) {
  const std::string job = submit_sweep();
  const auto ranks = pause(job);
  signal({ranks.back()}, SIGKILL);
  signal({ranks.front()}, SIGCONT);
  expect_end(job, "FAILED", "137:0", 0);
  expect_continued_by_the_same_command();
}

TEST_F(Slurm, AKilledStepEndsTheJobAndTheSameCommandGoesOn) {
  const std::string job = submit_sweep();
  pause(job);
  slurm({"scancel", job + ".0"});
  expect_end(job, "FAILED", "137:0", 0);
  expect_continued_by_the_same_command();
}

TEST_F(Slurm, MpirunStartsTheRanksWhereSrunCannot) {
  const std::string job = submit_sweep({"--export=ALL,SCGAN_LAUNCHER=mpirun --bind-to none"});
  const auto ranks = pause(job);
  EXPECT_EQ(ranks.size(), 2U);
  slurm({"scancel", "--batch", "--signal=USR2", job});
  signal(ranks, SIGCONT);
  EXPECT_TRUE(comes_true([&] { return facts(job)["JobState"] == "PENDING"; })) << log();
  slurm({"scancel", job});
  expect_continued_by_the_same_command();
}

// The array's id is also the job id of one of its tasks, and means all tasks in Slurm's commands.
TEST_F(Slurm, ATaskOfAnArrayGoesOnAloneAndKeepsItsShard) {
  const std::string array =
      submit({"--array=1-2", "--ntasks-per-node=1"},
             Words{kArrayScript, "tiny.yaml", "out", "--device", "cpu"} + kTwoSeeds);
  std::string same = array + "_1", other = array + "_2";
  const auto has_id = [&](const std::string& task) { return facts(task)["JobId"] == array; };
  // Slurm gives the other task an id of its own when it starts.
  ASSERT_TRUE(comes_true([&] { return has_id(same) != has_id(other); })) << log();
  if (!has_id(same)) std::swap(same, other);
  const auto shard = [](const std::string& task) {
    return "out/shards/" + task.substr(task.find('_') + 1) + "-of-2";
  };
  const auto others = pause(facts(other)["JobId"], shard(other));
  const auto ranks = pause(array, shard(same));
  slurm({"scancel", "--batch", "--signal=USR2", same});
  signal(ranks, SIGCONT);
  EXPECT_TRUE(comes_true([&] { return facts(same)["JobState"] == "PENDING"; })) << log();
  EXPECT_EQ(facts(other)["JobState"], "RUNNING");
  slurm({"scontrol", "requeue", other});
  signal(others, SIGCONT);
  for (const std::string& task : {same, other}) expect_end(task, "COMPLETED", "0:0", 1);
  EXPECT_EQ(results_of(path("out")), undisturbed_) << log();
}

}  // namespace
}  // namespace scgan::end_to_end
