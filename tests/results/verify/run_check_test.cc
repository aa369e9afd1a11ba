#include "results/verify/run_check.h"

#include <fmt/format.h>

#include <string>

#include "core/base/sha256.h"
#include "core/base/version.h"
#include "core/spec/run_id.h"
#include "results/store/result_store.h"
#include "tests/results/verify/checked_folder.h"

namespace scgan::results {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class RunCheckTest : public CheckedFolder {
 protected:
  // The text without the first occurrence of `part`, which it must have.
  static std::string without(std::string text, const std::string& part) {
    const size_t at = text.find(part);
    EXPECT_NE(at, std::string::npos) << part;
    return text.erase(at, part.size());
  }
  static std::string id_of(const std::string& canonical) {
    return sha256_hex(canonical).substr(0, 16);
  }
  // SQL on the first run's row.
  void set(const std::string& assignment) const {
    sql(fmt::format("UPDATE run SET {} WHERE id = '{}'", assignment, id(0)));
  }
};

TEST_F(RunCheckTest, AChangedSpecIsNamed) {
  set(R"(spec = json_replace(spec, '$."train.learning_rate"', 0.5))");
  EXPECT_THAT(problems(),
              ElementsAre(AllOf(HasSubstr(id(0)), HasSubstr("train.learning_rate is 0.0002 in "
                                                            "plan.json and 0.5 in results.db")),
                          AllOf(HasSubstr(id(0)), HasSubstr("its spec hashes to"))));
}

// They are used before the spec is known to be the run's.
TEST_F(RunCheckTest, ValuesOutOfRangeAreNamed) {
  set(R"(spec = json_replace(spec, '$."evaluate.kid_subsets"', -1,
                             '$."evaluate.kid_subset_size"', 0))");
  EXPECT_THAT(problems(), Contains(HasSubstr("its spec hashes to")));
  set(R"(spec = json_replace(spec, '$."evaluate.directions"', json('[]'),
                             '$."evaluate.checkpoint"', 'best'))");
  EXPECT_THAT(problems(), Contains(HasSubstr("its spec hashes to")));
  set("spec = 'no JSON'");
  EXPECT_THAT(problems(), Contains(HasSubstr("its spec hashes to")));
}

TEST_F(RunCheckTest, ASpecThatLostAKeyIsNamed) {
  set(R"(spec = json_remove(spec, '$."train.learning_rate"'))");
  EXPECT_THAT(problems(), Contains(HasSubstr("its spec hashes to")));
}

// The version that planned the run did not have the key.
TEST_F(RunCheckTest, ASpecOfAnOlderVersionKeepsItsId) {
  PlannedRun run = planned(spec(0));
  run.spec = without(run.spec, R"("train.steps":0,)");
  run.id = id_of(without(canonical_json(spec(0)), R"("train.steps":0,)"));
  ASSERT_NE(run.id, planned(spec(0)).id);
  make({run});
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(RunCheckTest, ASpecOfANewerVersionKeepsItsId) {
  // Between train.threads and the end.
  const auto with_key = [](std::string json) {
    return json.replace(json.size() - 1, 1, R"(,"train.warmth":3})");
  };
  PlannedRun run = planned(spec(0));
  run.spec = without(run.spec, R"(,"variant":"cyclegan")");
  run.spec = R"({"variant":"cyclegan",)" + with_key(run.spec).substr(1);
  run.id = id_of(with_key(canonical_json(spec(0))));
  make({run});
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(RunCheckTest, AnUnknownKeyLeavesTheIdUncheckedOnlyForAnotherVersion) {
  PlannedRun run = planned(spec(0));
  run.spec = R"({"a.new.key":1,"another":2,)" + run.spec.substr(1);
  run.id = "0123456789abcdef";
  make({run});
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("its spec hashes to")));
  sql("UPDATE sweep SET version = 'scgan_sweep 9.9.9'");
  const Verification found = verify(out());
  EXPECT_THAT(found.problems, IsEmpty());
  EXPECT_THAT(found.notes, ElementsAre(AllOf(HasSubstr("planned by scgan_sweep 9.9.9"),
                                             HasSubstr("a.new.key, another"))));
}

TEST_F(RunCheckTest, LabelsMustBeThoseOfTheSpec) {
  set("variant = 'scgan', percentage = 50, seed = 9, data_digest = 'x', axes = '{\"a\":1}'");
  EXPECT_THAT(problems(),
              ElementsAre(HasSubstr("the variant scgan, its spec has cyclegan"),
                          HasSubstr("the percentage 50, its spec has 100"),
                          HasSubstr("the seed 9, its spec has 0"), HasSubstr("the data digest x"),
                          HasSubstr("the axes {\"a\":1}, its spec has {}")));
}

TEST_F(RunCheckTest, TheStateMustFitTheAttempts) {
  set("state = 'planned'");
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("is planned, but has final scores or files")));
  set("state = 'failed'");
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("is failed, but has final scores or files"),
                                      HasSubstr("is failed, but no attempt failed")));
  set("state = 'done'");
  sql("UPDATE attempt SET exit_class = 'stopped'");
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("no attempt ended as done"),
                                      HasSubstr("no attempt ended as done")));
}

TEST_F(RunCheckTest, ADoneRunHasAllSteps) {
  sql(fmt::format("UPDATE attempt SET last_step = 39 WHERE run_id = '{}'", id(1)));
  EXPECT_THAT(problems(), ElementsAre(AllOf(HasSubstr(id(1)), HasSubstr("after 39 of 40 steps"))));
}

TEST_F(RunCheckTest, EveryScoreThatIsMissingIsNamed) {
  const std::string of_run = fmt::format("run_id = '{}' AND direction = 'BtoA'", id(1));
  const ResultStore store = ResultStore::open_read_only(out() / "results.db");
  for (const Metric& metric : store.run(id(1)).metrics) {
    if (metric.direction != "BtoA") continue;
    make({planned(spec(0)), planned(spec(1))});
    sql(
        fmt::format("DELETE FROM metric WHERE {} AND name = '{}' AND subject = '{}' AND "
                    "statistic = '{}'",
                    of_run, metric.name, to_string(metric.subject), to_string(metric.statistic)));
    EXPECT_THAT(
        problems(),
        Contains(AllOf(HasSubstr(id(1)), HasSubstr("has no " + score_name(metric) + " of BtoA"))));
  }
}

TEST_F(RunCheckTest, AScoreTooManyIsNamed) {
  sql("INSERT INTO metric SELECT 900 + id, run_id, phase, name, subject, statistic, direction, "
      "step + 1, value, n_real, n_fake, extractor, extractor_digest, preprocessing FROM metric "
      "WHERE id = 1");
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("has fid of AtoB twice"),
                                      HasSubstr("is of step 41; 40 is the last one")));
}

TEST_F(RunCheckTest, ScoresOfAnotherExtractorAreNamed) {
  sql("UPDATE metric SET extractor_digest = 'f' WHERE id = 1");
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("is by the extractor f, its spec names eee")));
}

TEST_F(RunCheckTest, ADirectionThatIsNotScoredIsNamed) {
  RunSpec one_way = spec(0);
  one_way.evaluate.directions = {Direction::kAtoB};
  make({planned(one_way)});
  const auto found = problems();
  EXPECT_EQ(found.size(), 9);
  EXPECT_THAT(found, Each(HasSubstr("BtoA, which its spec does not score")));
}

TEST_F(RunCheckTest, AFileWithoutADigestIsNamed) {
  sql(fmt::format("DELETE FROM artifact WHERE path = '{}'", path_of(0, "netG_B.safetensors")));
  EXPECT_THAT(problems(), ElementsAre(AllOf(HasSubstr("has no digest of"),
                                            HasSubstr(path_of(0, "netG_B.safetensors")))));
}

// Scores of every direction during training, of the final weights too.
class ScoredInTrainingTest : public RunCheckTest {
 protected:
  void make_scored(CheckpointChoice choice, int64_t best_step) {
    RunSpec scored = spec(0);
    scored.evaluate.every_epochs = 1;
    scored.evaluate.checkpoint = choice;
    make({planned(scored)});
    sql(fmt::format("UPDATE metric SET step = {}", best_step));
    const auto copy = [&](int64_t step, double more) {
      sql(fmt::format(
          "INSERT INTO metric SELECT {} + id, run_id, 'training', name, subject, statistic, "
          "direction, {}, value + {}, n_real, n_fake, extractor, extractor_digest, preprocessing "
          "FROM metric WHERE phase = 'final' AND subject = 'translated' AND statistic = 'full' AND "
          "name <> 'feature_count'",
          1000 * step, step, more));
    };
    for (const int64_t step : {20, 30, 40}) copy(step, step == best_step ? 0 : 1);
  }
};

TEST_F(ScoredInTrainingTest, LastAndBestWeightsAreAccepted) {
  make_scored(CheckpointChoice::kLast, 40);
  const Verification last = verify(out());
  EXPECT_THAT(last.problems, IsEmpty());
  EXPECT_EQ(last.other_scores.at("scores during training"), 3 * 2 * 3);
  make_scored(CheckpointChoice::kBest, 30);
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(ScoredInTrainingTest, AFinalScoreMustBeThatOfTheSameStep) {
  make_scored(CheckpointChoice::kLast, 40);
  sql("UPDATE metric SET value = 0.75 WHERE phase = 'final' AND name = 'output_spread' AND "
      "direction = 'AtoB'");
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("its output_spread of AtoB is 0.75, during "
                                                "training at the same step it was 0.5")));
}

TEST_F(ScoredInTrainingTest, TheFilesOfTheBestWeightsMustBeOfTheirStep) {
  make_scored(CheckpointChoice::kBest, 30);
  const auto write_weights_of = [&](const char* step) {
    write_tensors(file(0, "netG_A.safetensors"), {{"run_id", id(0)}, {"step", step}}, {});
    accept(0, "netG_A.safetensors");
  };
  for (const char* step : {"30", "40"}) {  // former versions wrote the last one
    write_weights_of(step);
    EXPECT_THAT(problems(), IsEmpty()) << step;
  }
  write_weights_of("20");
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("is of step 20, the scores are of step 30")));
}

TEST_F(ScoredInTrainingTest, TheBestWeightsMustBeTheBest) {
  make_scored(CheckpointChoice::kBest, 30);
  sql("UPDATE metric SET value = 3 WHERE step = 20 AND name = 'fid' AND direction = 'AtoB'");
  EXPECT_THAT(problems(), Each(HasSubstr("is of step 30; 20 is the best one")));
  // A collapsed model is never the best.
  sql("UPDATE metric SET value = 0 WHERE step = 20 AND name = 'output_spread'");
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(ScoredInTrainingTest, MissingScoresDuringTrainingAreNamed) {
  make_scored(CheckpointChoice::kLast, 40);
  sql("DELETE FROM metric WHERE phase = 'training'");
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("has no fid of AtoB during training at step 40"),
                                      HasSubstr("has no fid of BtoA during training at step 40")));
}

}  // namespace
}  // namespace scgan::results
