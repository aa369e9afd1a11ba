// The same sweep produces the same bytes on any number of ranks.
#include <sstream>

#include "results/store/sqlite.h"
#include "tests/end_to_end/sweep_fixture.h"

namespace scgan::end_to_end {
namespace {

constexpr int kLostStorage = 3;

class WorldSize : public SweepFixture {
 protected:
  // Runs the sweep without mpirun and on one, two and four ranks that share each run. Returns the
  // digests.
  Digests expect_same_bytes(const std::string& file, const Words& sets, size_t runs) {
    const Digests alone = finished(0, file, "alone", sets);
    EXPECT_EQ(alone.size(), runs * 5)
        << "netG_A, netG_B, features-AtoB, log.jsonl and final.png of each run";
    for (const int ranks : {1, 2, 4}) {
      Words all = sets;
      all.insert(all.end(), {"--set", "run.ranks_per_run=" + std::to_string(ranks)});
      EXPECT_EQ(finished(ranks, file, "ranks_" + std::to_string(ranks), all), alone)
          << ranks << " ranks";
    }
    return alone;
  }

  Digests finished(int ranks, const std::string& file, const std::string& out, const Words& sets) {
    Words words{file, "--out", out};
    words.insert(words.end(), sets.begin(), sets.end());
    const Ended ended = sweep(ranks, words);
    EXPECT_EQ(ended.exit_code, 0) << ended.text();
    return result_digests(path(out));
  }

  // The id of the only run: the first word below the head of a dry run's table.
  std::string run_id(const Words& words) const {
    Words dry = words;
    dry.emplace_back("--dry-run");
    const Ended ended = sweep(0, dry);
    EXPECT_EQ(ended.exit_code, 0) << ended.text();
    std::istringstream text(ended.out);
    std::string line, id;
    while (std::getline(text, line) && !line.starts_with("run ")) {
    }
    text >> id;
    return id;
  }

  // Everything that a run on `ranks` ranks writes. A folder in place of its last file first makes
  // the job fail, so that the last checkpoint is kept; the same command then finishes the run.
  struct Written {
    Digests with_checkpoint, results, report;
  };
  Written written(int ranks, const Words& file, const std::string& id) const {
    const std::string out = "ranks_" + std::to_string(ranks);
    Words words = file;
    words.insert(words.end(),
                 {"--out", out, "--set", "run.ranks_per_run=" + std::to_string(ranks)});
    const fs::path obstacle = path(out) / "runs" / id / "features-BtoA.safetensors";
    fs::create_directories(obstacle);
    const Ended stopped = sweep(ranks, words);
    EXPECT_EQ(stopped.exit_code, kLostStorage) << stopped.text();
    fs::remove(obstacle);
    Digests with_checkpoint = digests_below(path(out) / "runs");
    with_checkpoint.erase(id + "/times.jsonl");  // the only file that depends on time
    const Ended ended = sweep(ranks, words);
    EXPECT_EQ(ended.exit_code, 0) << ended.text();
    return {with_checkpoint, result_digests(path(out)), report_digests(out)};
  }

  // Of the files of the report, without the training time.
  Digests report_digests(const std::string& out) const {
    const fs::path folder = path(out + "_report");
    const Ended ended = report({out, "--output", folder.string()});
    EXPECT_EQ(ended.exit_code, 0) << ended.text();
    const fs::path runs = folder / "runs.csv";
    write_text(runs, without_columns(read_text(runs), {"train_seconds", "steps_per_second"}));
    return digests_below(folder);
  }
};

TEST_F(WorldSize, RanksThatShareARunOrTrainTheirOwnProduceTheBytesOfOneProcess) {
  const Words sets{"--set", "sweep.variants=[cyclegan_diffaug, scgan]"};
  const Digests alone = expect_same_bytes("tiny.yaml", sets, 2);
  EXPECT_EQ(finished(2, "tiny.yaml", "side_by_side", sets), alone);
}

TEST_F(WorldSize, ScoresDuringTrainingBestWeightsAndMovingAverageAreTheSameToo) {
  const Words sets{"--set", "sweep.variants=[scgan]",   "--set", "evaluate.every_epochs=1",
                   "--set", "evaluate.checkpoint=best", "--set", "train.ema_decay=0.5",
                   "--set", "train.order=d_first",      "--set", "train.steps=3"};
  expect_same_bytes("tiny.yaml", sets, 1);
  for (const char* out : {"alone", "ranks_4"}) {
    const Ended csv = report({out, "--format", "csv"});
    EXPECT_THAT(csv.out, testing::HasSubstr("best of")) << "the table must name it";
    auto store = results::Database::open_read_only(path(out) / "results.db");
    EXPECT_GT(store.integer("SELECT count(*) FROM metric WHERE phase = 'training'"), 0) << out;
  }
}

TEST_F(WorldSize, TheQuickstartProducesTheSameBytesOnOneTwoAndFourRanks) {
  expect_same_bytes(
      SCGAN_SOURCE_DIR "/examples/quickstart.yaml",
      {"--set", "sweep.percentages=[50]", "--set", "sweep.seeds=[0]", "--set",
       "sweep.variants=[scgan]", "--set", "train.batch_size=4", "--set", "train.steps=8"},
      1);
}

TEST_F(WorldSize, EightRanksProduceTheCheckpointAndTheReportOfOne) {
  const Words file{"tiny.yaml",
                   "--set",
                   "evaluate.directions=[AtoB, BtoA]",
                   "--set",
                   "train.batch_size=8",
                   "--set",
                   "train.pool_size=4",  // so small that old fakes are replaced
                   "--set",
                   "train.ema_decay=0.5",
                   "--set",
                   "train.steps=3"};
  const std::string id = run_id(file);
  const Written alone = written(1, file, id), shared = written(8, file, id);
  EXPECT_EQ(shared.with_checkpoint, alone.with_checkpoint);
  EXPECT_EQ(shared.results, alone.results);
  EXPECT_EQ(shared.report, alone.report);
  EXPECT_TRUE(alone.with_checkpoint.contains(id + "/checkpoint-00000003.safetensors"));
  EXPECT_EQ(alone.results.size(), 6U) << "netG_A, netG_B, two features-, log.jsonl, final.png";
  EXPECT_TRUE(alone.report.contains("report.html"));
}

TEST_F(WorldSize, TwoThreadsPerRankProduceTheSameBytesOnOneAndTwoRanks) {
  const Words sets{"--set", "train.threads=2", "--set", "train.steps=3"};
  const Digests alone = finished(0, "tiny.yaml", "alone", sets);
  EXPECT_EQ(alone.size(), 5U);
  Words shared = sets;
  shared.insert(shared.end(), {"--set", "run.ranks_per_run=2"});
  EXPECT_EQ(finished(2, "tiny.yaml", "ranks_2", shared), alone);
}

// LibTorch's kernels wait forever for threads that OpenMP does not start.
TEST_F(WorldSize, ARunHasItsTwoThreadsDespiteALimitOfOpenMP) {
  Command command = sweep_command(
      0, {"tiny.yaml", "--out", "out", "--set", "train.threads=2", "--set", "train.steps=3"});
  command.environment["OMP_THREAD_LIMIT"] = "1";
  command.environment["OMP_DYNAMIC"] = "true";
  const Ended ended = run(command, std::chrono::minutes(1));
  EXPECT_EQ(ended.exit_code, 0) << ended.text();
}

}  // namespace
}  // namespace scgan::end_to_end
