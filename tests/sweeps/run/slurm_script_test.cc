#include "sweeps/run/slurm_script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tiny_plan.h"

namespace scgan::sweeps {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(SlurmRanksTest, OneForEachRunWithinLimitsWhereTheyAreOfUse) {
  EXPECT_EQ(slurm_ranks(45, 180, 0), 45);
  EXPECT_EQ(slurm_ranks(1000, 4000, 0), 64);
  EXPECT_EQ(slurm_ranks(1, 8, 0), 4);
  EXPECT_EQ(slurm_ranks(1, 2, 0), 2);
  EXPECT_EQ(slurm_ranks(0, 0, 0), 1);
}

TEST(SlurmRanksTest, AreAMultipleOfRanksPerRun) {
  EXPECT_EQ(slurm_ranks(5, 10, 2), 4);
  EXPECT_EQ(slurm_ranks(1, 8, 8), 8);
  EXPECT_EQ(slurm_ranks(100, 800, 8), 64);
}

class SlurmScriptTest : public testing::Test {
 protected:
  SlurmScriptTest() {
    options_.file = "a b.yaml";
    options_.slurm = "jobs/my.sbatch";
    plan_.image_bytes = 400'000'000;
    plan_.runs[0].spec.train.threads = 2;
  }
  std::string script() const {
    return slurm_script(options_, plan_, estimate_, 4, "/opt/scgan sweep");
  }

  SweepOptions options_;
  JobPlan plan_ = read_tiny_plan("out/it's");
  JobEstimate estimate_;
};

TEST_F(SlurmScriptTest, HasRanksMemoryAndPathsOfTheSweep) {
  options_.sets = {"name=it's", "seed=1"};
  options_.device = "cpu";
  estimate_.runs = 6;
  estimate_.to_do = 5;
  estimate_.useful_ranks = 10;
  estimate_.memory_bytes = 1'000'000'000;
  const std::string text = script();
  const std::string here = std::filesystem::current_path().string();
  for (const std::string& line : std::vector<std::string>{
           "#!/bin/bash\n", "5 of 6 runs to do; more than 10 ranks are of no use.\n",
           "\n#SBATCH --chdir=\"" + here + "\"\n#SBATCH --ntasks=4\n#SBATCH --cpus-per-task=2\n",
           // (1.2 * 1000 MB + 400 MB / 4 ranks) / 2 threads
           "\n#SBATCH --mem-per-cpu=650M\n", "\n#SBATCH --time=04:00:00\n",
           "\nsweep_file='" + here + "/a b.yaml'\n", "\nout_folder='" + here + "/out/it'\\''s'\n",
           "\nflags=(--set 'name=it'\\''s' --set 'seed=1' --device 'cpu' \"$@\")\n",
           "\nprogram=${SCGAN_SWEEP:-'/opt/scgan sweep'}\n", "\n##SBATCH --gpus-per-task=1\n",
           "--ntasks=8 my.sbatch\n", "\n#SBATCH --signal=B:USR2@180\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  EXPECT_THAT(text, AllOf(Not(HasSubstr("--ntasks-per-node")), Not(HasSubstr("--nodes="))));
}

// 1.5 times the estimate in quarters of an hour, and one more; at most a day.
TEST_F(SlurmScriptTest, TimeIsTheEstimateIfItIsKnownForAllRuns) {
  for (const auto& [seconds, limit] :
       std::vector<std::pair<double, std::string>>{{3600, "01:45"}, {1, "00:30"}, {1e9, "24:00"}}) {
    estimate_.seconds = seconds;
    EXPECT_THAT(script(), HasSubstr("#SBATCH --time=" + limit + ":00\n"));
  }
  estimate_.runs_of_unknown_speed = 1;
  EXPECT_THAT(script(), HasSubstr("#SBATCH --time=04:00:00\n"));
}

TEST_F(SlurmScriptTest, GpusAreAskedForWithDeviceCuda) {
  options_.device = "cuda";
  EXPECT_THAT(script(), HasSubstr("\n#SBATCH --gpus-per-task=1\n"));
}

}  // namespace
}  // namespace scgan::sweeps
