// The same command again does only what is missing; a failed run does not stop the others.
#include "tests/end_to_end/sweep_fixture.h"

namespace scgan::end_to_end {
namespace {

using testing::ContainsRegex;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

constexpr int kFailedRuns = 1;

std::map<std::string, fs::file_time_type> times(const fs::path& folder) {
  std::map<std::string, fs::file_time_type> result;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) result[entry.path().string()] = entry.last_write_time();
  }
  return result;
}

// Two runs, of which the first fails: with beta2 = 0, Adam divides by the last gradient, however
// small it is, and the weights explode.
Words exploding(const Words& more) {
  Words words{"tiny.yaml", "--out", "out"};
  for (const char* set : {"sweep.axes={train.beta2: [0, 0.999]}", "train.learning_rate=10",
                          "train.adam_eps=1e-16", "train.beta1=0.9"}) {
    words.insert(words.end(), {"--set", set});
  }
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

class Again : public SweepFixture {};

TEST_F(Again, AFinishedSweepIsNotTouchedAndOnlyANewSeedIsTrained) {
  const Ended first = sweep(0, {"tiny.yaml", "--out", "out"});
  ASSERT_EQ(first.exit_code, 0) << first.text();
  const Statuses before = statuses(path("out"));
  const auto files = times(path("out") / "runs");
  ASSERT_EQ(before.size(), 1U);

  const Ended second = sweep(2, {"tiny.yaml", "--out", "out"});
  EXPECT_EQ(second.exit_code, 0) << second.text();
  EXPECT_EQ(statuses(path("out")), before) << "attempts were added";
  EXPECT_EQ(times(path("out") / "runs"), files) << "files of a finished run were touched";
  EXPECT_THAT(second.out, ContainsRegex("1 of 1 runs? done"));

  const Ended more = sweep(0, {"tiny.yaml", "--out", "out", "--set", "sweep.seeds=[0, 7]"});
  EXPECT_EQ(more.exit_code, 0) << more.text();
  const auto& [old_id, old_status] = *before.begin();
  Statuses after = statuses(path("out"));
  ASSERT_EQ(after.size(), 2U);
  EXPECT_EQ(after.at(old_id), old_status);
  after.erase(old_id);
  EXPECT_EQ(after.begin()->second, (RunStatus{"scgan", "7", "done", "6/6", 1}));
  for (const auto& [file, time] : files) EXPECT_EQ(fs::last_write_time(file), time) << file;
}

TEST_F(Again, AFinishedRunWithoutItsFilesIsReportedAndTrainedAgainOnRequest) {
  ASSERT_EQ(sweep(0, {"tiny.yaml", "--out", "out"}).exit_code, 0);
  const fs::path run = fs::directory_iterator(path("out") / "runs")->path();
  const std::string weights = read_text(run / "netG_A.safetensors");
  fs::remove_all(run);
  const Ended same = sweep(0, {"tiny.yaml", "--out", "out"});
  EXPECT_EQ(same.exit_code, 0) << same.text();
  EXPECT_THAT(same.err, HasSubstr("1 finished run has no folder"));
  EXPECT_THAT(same.err, HasSubstr("--redo-missing"));
  EXPECT_FALSE(fs::exists(run / "netG_A.safetensors"));
  const Ended again = sweep(0, {"tiny.yaml", "--out", "out", "--redo-missing"});
  EXPECT_EQ(again.exit_code, 0) << again.text();
  EXPECT_EQ(read_text(run / "netG_A.safetensors"), weights);
}

// They are removed when the result is stored, and never missed, also not under another run.keep.
TEST_F(Again, FilesThatARunDoesNotKeepAreNotMissed) {
  const Words words{"tiny.yaml", "--out", "out", "--set"};
  const auto with = [&](const Words& more) {
    Words all = words;
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  ASSERT_EQ(sweep(0, with({"run.keep=[features]"})).exit_code, 0);
  const fs::path run = run_folder(path("out"));
  EXPECT_THAT(listing(run), ElementsAre(EndsWith("features-AtoB.safetensors")));
  const Statuses before = statuses(path("out"));
  for (const char* keep : {"run.keep=[features]", "run.keep=[weights, features, samples, log]"}) {
    const Ended same = sweep(0, with({keep, "--redo-missing"}));
    EXPECT_EQ(same.exit_code, 0) << same.text();
    EXPECT_THAT(same.err, Not(HasSubstr("lacks files")));
  }
  EXPECT_EQ(statuses(path("out")), before) << "attempts were added";
  const Ended verified = report({"out", "--verify"});
  EXPECT_EQ(verified.exit_code, 0) << verified.text();
  EXPECT_THAT(verified.out, HasSubstr("not checked: 4 files that were not kept (run.keep)"));
  EXPECT_EQ(report({"out", "--output", "report"}).exit_code, 0);

  fs::remove_all(run);
  EXPECT_THAT(sweep(0, with({"run.keep=[log]"})).err, HasSubstr("1 finished run has no folder"));
}

TEST_F(Again, ExplainSaysWhyARunIsTrainedAgainAndChangesNothing) {
  ASSERT_EQ(sweep(0, {"tiny.yaml", "--out", "out"}).exit_code, 0);
  const std::string id = statuses(path("out")).begin()->first;
  const auto files = times(path("out"));
  const Ended same = sweep(2, {"tiny.yaml", "--out", "out", "--explain", id});
  EXPECT_EQ(same.exit_code, 0) << same.text();
  EXPECT_EQ(same.out, "run " + id + " (scgan 100 % seed 0) is done: it is not trained again\n");
  const Ended changed =
      sweep(0, {"tiny.yaml", "--out", "out", "--explain", id, "--set", "train.beta1=0.4"});
  EXPECT_EQ(changed.exit_code, 0) << changed.text();
  EXPECT_THAT(changed.out, HasSubstr("  train.beta1: 0.5 in the folder, 0.4 in the plan\n"));
  EXPECT_EQ(sweep(0, {"tiny.yaml", "--out", "out", "--explain", "zz"}).exit_code, 2);
  EXPECT_EQ(times(path("out")), files);
}

TEST_F(Again, AFolderOfAnotherSweepIsLeftAsItIs) {
  ASSERT_EQ(sweep(0, {"tiny.yaml", "--out", "out"}).exit_code, 0);
  const std::string plan = read_text(path("out") / "sweep.yaml");
  std::string text = read_text(path("tiny.yaml"));
  write_text(path("other.yaml"), text.replace(0, std::string("name: tiny").size(), "name: other"));
  const Ended refused = sweep(0, {"other.yaml", "--out", "out", "--set", "sweep.seeds=[5]"});
  EXPECT_EQ(refused.exit_code, 2) << refused.text();
  EXPECT_THAT(refused.err, HasSubstr("with 1 finished run that"));
  EXPECT_EQ(read_text(path("out") / "sweep.yaml"), plan);
}

TEST_F(Again, ARunWithANonFiniteLossIsReportedAndTheOthersAreDone) {
  const Words words = exploding({});
  const Ended first = sweep(2, words);
  EXPECT_EQ(first.exit_code, kFailedRuns) << first.text();
  EXPECT_THAT(first.err, HasSubstr("FAILED"));
  const Ended text = report({"out"});
  EXPECT_EQ(text.exit_code, 0) << text.text();
  EXPECT_THAT(text.out, HasSubstr("1 of 2 runs done, 1 failed"));
  EXPECT_THAT(text.out, ContainsRegex("train.beta2=0 .*failed.*non_finite: loss .* at step"));

  const Statuses before = statuses(path("out"));
  const Ended second = sweep(2, words);
  EXPECT_EQ(second.exit_code, kFailedRuns) << second.text();
  EXPECT_EQ(statuses(path("out")), before) << "it would only fail again";
}

// As above, with two ranks for each run, which must leave it together.
TEST_F(Again, AllRanksOfAFailedRunContinueWithTheNextRun) {
  const Ended ended = sweep(2, exploding({"--set", "run.ranks_per_run=2"}));
  EXPECT_EQ(ended.exit_code, kFailedRuns) << ended.text();
  EXPECT_THAT(ended.out, HasSubstr("1 of 2 runs done, 1 failed, 0 to do"));
}

}  // namespace
}  // namespace scgan::end_to_end
