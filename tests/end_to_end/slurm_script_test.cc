// slurm/sweep.sbatch and slurm/array.sbatch with stand-ins for Slurm's programs, in a second and
// without root: arguments, exit codes, and when they requeue the job. tests/slurm has the real
// ones.
#include <signal.h>

#include <cstdlib>
#include <sstream>

#include "tests/end_to_end/sweep_fixture.h"

namespace scgan::end_to_end {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// Exits with $SRUN_EXIT, or with 75 on SIGUSR2, as a sweep does.
constexpr const char* kSleepingSrun = R"(#!/bin/bash
trap 'echo USR2 >> signals; exit 75' USR2
echo "$@" > srun_arguments
if [ -n "${SRUN_EXIT:-}" ]; then exit "$SRUN_EXIT"; fi
while true; do sleep 0.05; done
)";

class SlurmScript : public SweepFixture {
 protected:
  SlurmScript() {
    fs::create_directory(path("bin"));
    stub("srun", kSleepingSrun);
    stub("scontrol", "#!/bin/bash\necho \"$@\" >> scontrol_calls\n");
    stub("squeue", "#!/bin/bash\necho \"${SQUEUE_SAYS:-RUNNING None}\"\n");
  }

  void stub(const std::string& name, const std::string& text) {
    write_text(path("bin") / name, text);
    fs::permissions(path("bin") / name, fs::perms::owner_all);
  }

  using Variables = std::map<std::string, std::string>;

  Command script(const Words& arguments, const Variables& more = {},
                 const char* file = SCGAN_SOURCE_DIR "/slurm/sweep.sbatch") const {
    Command command{{"bash", file}, sweep_environment(), path(".")};
    command.words.insert(command.words.end(), arguments.begin(), arguments.end());
    command.environment["PATH"] = path("bin").string() + ":" + std::getenv("PATH");
    command.environment["SLURM_JOB_ID"] = "4711";
    command.environment["SLURM_RESTART_COUNT"] = "0";
    command.environment["SCGAN_SWEEP"] = SCGAN_SWEEP;
    for (const auto& [name, value] : more) command.environment[name] = value;
    return command;
  }

  // A task of an array that Slurm numbers from `least` to `most`.
  Command task(int number, int least, int most, const Words& arguments,
               const Variables& more = {}) const {
    Variables variables{{"SLURM_ARRAY_JOB_ID", "4711"},
                        {"SLURM_ARRAY_TASK_ID", std::to_string(number)},
                        {"SLURM_ARRAY_TASK_MIN", std::to_string(least)},
                        {"SLURM_ARRAY_TASK_MAX", std::to_string(most)},
                        {"SLURM_ARRAY_TASK_COUNT", std::to_string(most - least + 1)},
                        {"SCGAN_SCRIPT", SCGAN_SOURCE_DIR "/slurm/sweep.sbatch"}};
    for (const auto& [name, value] : more) variables[name] = value;
    return script(arguments, variables, SCGAN_SOURCE_DIR "/slurm/array.sbatch");
  }

  // Sends SIGUSR2 to the started script, as Slurm does shortly before the time limit.
  Ended stopped(const Command& command) {
    fs::remove(path("srun_arguments"));
    Subprocess process(command);
    EXPECT_TRUE(
        wait_until([&] { return fs::exists(path("srun_arguments")) && process.catches(SIGUSR2); }));
    process.signal(SIGUSR2);
    return process.wait(std::chrono::seconds(30));
  }

  // The lines that a stand-in has written.
  std::vector<std::string> lines(const std::string& name) const {
    std::vector<std::string> result;
    std::istringstream stream(read_text(path(name)));
    for (std::string line; std::getline(stream, line);) result.push_back(line);
    return result;
  }
};

TEST_F(SlurmScript, StartsTheSweepWithItsArguments) {
  const Ended ended =
      run(script({"my.yaml", "my out", "--set", "train.epochs=3"}, {{"SRUN_EXIT", "0"}}));
  EXPECT_EQ(ended.exit_code, 0) << ended.text();
  EXPECT_THAT(read_text(path("srun_arguments")), HasSubstr("--mpi=pmix"));
  EXPECT_THAT(read_text(path("srun_arguments")),
              HasSubstr(SCGAN_SWEEP " my.yaml --out my out --set train.epochs=3"));
}

TEST_F(SlurmScript, AnotherLauncherStartsTheRanks) {
  stub("mpirun", kSleepingSrun);
  const Ended ended = run(script(
      {"my.yaml", "my out"}, {{"SRUN_EXIT", "0"}, {"SCGAN_LAUNCHER", "mpirun --bind-to none"}}));
  EXPECT_EQ(ended.exit_code, 0) << ended.text();
  EXPECT_THAT(read_text(path("srun_arguments")), StartsWith("--bind-to none " SCGAN_SWEEP));
}

TEST_F(SlurmScript, ASweepThatIsDoneIsNotRequeued) {
  const Ended ended = run(script({"tiny.yaml"}, {{"SRUN_EXIT", "0"}}));
  EXPECT_EQ(ended.exit_code, 0) << ended.text();
  EXPECT_THAT(lines("scontrol_calls"), IsEmpty());
}

TEST_F(SlurmScript, FailuresKeepTheirExitCodeAndAreNotRequeued) {
  for (const char* code : {"1", "2", "3", "137"}) {
    const Ended ended = run(script({"tiny.yaml"}, {{"SRUN_EXIT", code}}));
    EXPECT_EQ(ended.exit_code, std::stoi(code)) << ended.text();
  }
  EXPECT_THAT(lines("scontrol_calls"), IsEmpty());
}

TEST_F(SlurmScript, ASignalBeforeTheTimeLimitIsForwardedOnceAndTheJobRequeued) {
  const Ended ended = stopped(script({"tiny.yaml"}));
  EXPECT_EQ(ended.exit_code, 75) << ended.text();
  EXPECT_THAT(lines("signals"), ElementsAre("USR2"));
  EXPECT_THAT(lines("scontrol_calls"), ElementsAre("requeue 4711"));
}

TEST_F(SlurmScript, AStoppedSweepIsRequeuedWithoutASignalToo) {
  const Ended ended = run(script({"tiny.yaml"}, {{"SRUN_EXIT", "75"}}));
  EXPECT_EQ(ended.exit_code, 75) << ended.text();
  EXPECT_THAT(lines("scontrol_calls"), ElementsAre("requeue 4711"));
}

TEST_F(SlurmScript, ACancelledJobIsNotRequeued) {
  const Ended ended = stopped(script({"tiny.yaml"}, {{"SQUEUE_SAYS", "COMPLETING None"}}));
  EXPECT_EQ(ended.exit_code, 75) << ended.text();
  EXPECT_THAT(lines("scontrol_calls"), IsEmpty());
}

TEST_F(SlurmScript, AJobIsHeldAfterTheMaximumOfRestarts) {
  const Ended ended =
      run(script({"tiny.yaml"},
                 {{"SRUN_EXIT", "75"}, {"SCGAN_MAX_RESTARTS", "3"}, {"SLURM_RESTART_COUNT", "3"}}));
  EXPECT_EQ(ended.exit_code, 75) << ended.text();
  EXPECT_THAT(lines("scontrol_calls"), ElementsAre("requeuehold 4711"));
}

TEST_F(SlurmScript, AMissingProgramIsBadInput) {
  const Ended ended = run(script({"tiny.yaml"}, {{"SCGAN_SWEEP", "absent/scgan_sweep"}}));
  EXPECT_EQ(ended.exit_code, 2) << ended.text();
  EXPECT_THAT(ended.err, HasSubstr("absent/scgan_sweep"));
  EXPECT_FALSE(fs::exists(path("srun_arguments")));
}

TEST_F(SlurmScript, EachTaskOfAnArrayTrainsItsShard) {
  struct Case {
    int number, least, most;
    Variables more;
    std::string shard;
  };
  for (const auto& [number, least, most, more, shard] :
       std::vector<Case>{{1, 1, 8, {}, "1/8"},
                         {8, 1, 8, {}, "8/8"},
                         {0, 0, 7, {}, "1/8"},
                         {7, 0, 7, {}, "8/8"},
                         {3, 3, 3, {{"SCGAN_SHARDS", "8"}}, "3/8"}}) {
    Variables variables = more;
    variables["SRUN_EXIT"] = "0";
    const Ended ended =
        run(task(number, least, most, {"my.yaml", "my out", "--set", "a=1"}, variables));
    EXPECT_EQ(ended.exit_code, 0) << ended.text();
    EXPECT_THAT(read_text(path("srun_arguments")),
                HasSubstr("my.yaml --out my out --shard " + shard + " --set a=1"));
  }
}

TEST_F(SlurmScript, AnArrayThatIsNotAllShardsIsBadInput) {
  const Variables ends{{"SRUN_EXIT", "0"}};
  Variables wrong_number = ends;
  wrong_number["SCGAN_SHARDS"] = "2";
  Variables with_gaps = ends;
  with_gaps["SLURM_ARRAY_TASK_COUNT"] = "4";  // 1-8:2
  for (const Command& command :
       {task(3, 3, 3, {"my.yaml"}, ends), task(3, 1, 3, {"my.yaml"}, wrong_number),
        task(0, 0, 1, {"my.yaml"}, wrong_number), task(3, 1, 7, {"my.yaml"}, with_gaps),
        script({"my.yaml"}, ends, SCGAN_SOURCE_DIR "/slurm/array.sbatch")}) {
    const Ended ended = run(command);
    EXPECT_EQ(ended.exit_code, 2) << ended.text();
    EXPECT_THAT(ended.err, HasSubstr("array.sbatch: "));
  }
  EXPECT_FALSE(fs::exists(path("srun_arguments")));
}

// Its job id may be that of the array, which means all tasks.
TEST_F(SlurmScript, ATaskOfAnArrayRequeuesItselfOnly) {
  const Ended ended = stopped(task(2, 1, 2, {"tiny.yaml"}));
  EXPECT_EQ(ended.exit_code, 75) << ended.text();
  EXPECT_THAT(lines("signals"), ElementsAre("USR2"));
  EXPECT_THAT(lines("scontrol_calls"), ElementsAre("requeue 4711_2"));
}

TEST_F(SlurmScript, TheScriptThatSweepWritesStartsTheSweep) {
  const Ended written = sweep(0, {"tiny.yaml", "--out", "my out", "--set", "sweep.seeds=[3, 4]",
                                  "--set", "run.ranks_per_run=2", "--slurm", "job.sbatch"});
  EXPECT_EQ(written.exit_code, 0) << written.text();
  EXPECT_THAT(written.out, HasSubstr("2 runs: 2 to do"));
  EXPECT_FALSE(fs::exists(path("my out")));
  EXPECT_THAT(read_text(path("job.sbatch")), HasSubstr("\n#SBATCH --ntasks=4\n"));
  const std::string job = path("job.sbatch").string();
  const Ended ended = run(script({"--quiet"}, {{"SRUN_EXIT", "0"}}, job.c_str()));
  EXPECT_EQ(ended.exit_code, 0) << ended.text();
  const std::string folder = fs::canonical(path(".")).string();
  EXPECT_THAT(
      read_text(path("srun_arguments")),
      HasSubstr(folder + "/tiny.yaml --out " + folder +
                "/my out --set sweep.seeds=[3, 4] --set run.ranks_per_run=2 --device cpu --quiet"));
  const Ended requeued = stopped(script({}, {}, job.c_str()));
  EXPECT_EQ(requeued.exit_code, 75) << requeued.text();
  EXPECT_THAT(lines("scontrol_calls"), ElementsAre("requeue 4711"));
}

}  // namespace
}  // namespace scgan::end_to_end
