// The same sweep gives the same bytes, however many ranks it is started on.
#include "tests/end_to_end/sweep_fixture.h"

namespace scgan::end_to_end {
namespace {

class WorldSize : public SweepFixture {
 protected:
  // On one, two and four ranks that share each run. Returns the bytes.
  Digests expect_same_bytes(const std::string& file, const Words& sets, size_t runs) {
    const Digests alone = finished(0, file, "alone", sets);
    EXPECT_EQ(alone.size(), runs * 4) << "netG_A, netG_B, features-AtoB and log.jsonl of each run";
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
};

TEST_F(WorldSize, RanksThatShareARunOrTrainTheirOwnGiveTheBytesOfOneProcess) {
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
    EXPECT_THAT(csv.out, testing::HasSubstr("best of")) << "the table must say so";
  }
}

TEST_F(WorldSize, TheQuickstartGivesTheSameBytesOnOneTwoAndFourRanks) {
  expect_same_bytes(SCGAN_SOURCE_DIR "/examples/quickstart.yaml",
                    {"--set", "sweep.percentages=[50]", "--set", "sweep.seeds=[0]", "--set",
                     "sweep.variants=[scgan]"},
                    1);
}

}  // namespace
}  // namespace scgan::end_to_end
