// Which keys of the spec separate tables: a walk over the whole table of keys.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/spec/run_id.h"
#include "core/spec/spec_keys.h"
#include "results/report/summary.h"
#include "tests/results/sample_store.h"

namespace scgan::results {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// Independent of the property in the table of keys: why a change of the key makes the scores of
// two models incomparable; empty = it does not.
const std::map<std::string, std::string> kWhySeparate = {
    {"data.kind", "other images"},
    {"data.root", ""},      // the digest of the content counts, not where it lies
    {"data.manifest", ""},  // the same
    {"data.image_size", "test images of another size"},
    {"data.load_size", ""},  // training images only
    {"data.crop", ""},       // training images only
    {"data.flip", ""},       // training images only
    {"data.test_split", "other test images"},
    {"data.tiles", "other test images"},
    {"data.scaling", "other grey levels of the test images"},
    {"data.percentile_low", "other grey levels of the test images"},
    {"data.percentile_high", "other grey levels of the test images"},
    {"data.shuffle", ""},        // the order of training
    {"data.pairing", ""},        // the order of training
    {"data.subset", ""},         // the amount of training data is what is compared
    {"data.percentage", ""},     // the same
    {"data.subset_images", ""},  // the same
    {"data.synthetic.train_images", "other generated images"},
    {"data.synthetic.test_images", "other generated images"},
    {"data.synthetic.seed", "other generated images"},
    {"data.synthetic.change_number", "other generated images"},
    {"data.synthetic.change_size", "other generated images"},
    {"data.synthetic.change_elongation", "other generated images"},
    {"data.synthetic.change_intensity", "other generated images"},
    {"data.synthetic.change_texture", "other generated images"},
    {"data.synthetic.effect", "other generated images"},
    {"data.synthetic.noise", "other generated images"},
    {"evaluate.extractor.kind", "other features"},
    {"evaluate.extractor.file", ""},  // the digest of the file counts
    {"evaluate.extractor.variant", "other features"},
    {"evaluate.directions", ""},       // a metric has its direction
    {"evaluate.every_epochs", ""},     // how often, not how
    {"evaluate.checkpoint", ""},       // the metric's preprocessing says "best of n scores"
    {"evaluate.kid_subsets", ""},      // tables show the KID over all images
    {"evaluate.kid_subset_size", ""},  // the same
    {"evaluate.batch_size", ""},       // rounding
};

// The model and its training are what is compared; placement changes nothing.
bool is_of_the_model(const std::string& path) {
  return path.starts_with("model.") || path.starts_with("loss.") || path.starts_with("train.") ||
         path.starts_with("run.");
}

// Every key of the reference acts.
RunSpec base_spec() {
  RunSpec spec;
  spec.data.scaling = Scaling::kPercentile;
  spec.data.subset_images = 3;
  spec.evaluate.extractor.kind = ExtractorKind::kInceptionV3;
  resolve_defaults(spec);
  return spec;
}

SpecValue other_value(const SpecKey& key, const RunSpec& spec) {
  const SpecValue now = key.get(spec);
  if (const auto* flag = std::get_if<bool>(&now)) return !*flag;
  if (const auto* integer = std::get_if<int64_t>(&now)) return *integer + 1;
  if (const auto* number = std::get_if<double>(&now)) return *number * 0.5 + 0.03;
  if (key.type == SpecType::kChoice) {
    return std::get<std::string>(now) == key.choices.front() ? key.choices.back()
                                                             : key.choices.front();
  }
  if (key.type == SpecType::kChoiceList) {
    return std::get<std::vector<std::string>>(now) == key.choices
               ? std::vector<std::string>{key.choices.front()}
               : key.choices;
  }
  return std::string("elsewhere");
}

StoredRun run_of(const std::string& id, const RunSpec& spec, const std::string& text) {
  StoredRun run = done_run(planned_run(id, "scgan", 50, 1), 40, 0.04);
  run.plan.percentage = spec.data.percentage;
  run.plan.spec = text;
  run.metrics.resize(1);
  return run;
}

std::vector<MetricTable> tables_of(const std::vector<StoredRun>& runs, bool in_two_stores) {
  std::vector<ReportInput> inputs(in_two_stores ? 2 : 1);
  inputs.front().runs.push_back(runs[0]);
  inputs.back().runs.push_back(runs[1]);
  return summarize(inputs).tables;
}

TEST(ComparisonTest, TheKeysThatChangeTheReferenceSeparateTablesAndNoOthers) {
  const RunSpec base = base_spec();
  for (const SpecKey& key : spec_keys()) {
    const auto listed = kWhySeparate.find(key.path);
    ASSERT_TRUE(listed != kWhySeparate.end() || is_of_the_model(key.path))
        << key.path << ": does it change what a model is compared with? Say so in this list";
    const bool separates = listed != kWhySeparate.end() && !listed->second.empty();
    EXPECT_EQ(key.in_reference, separates) << key.path;
    RunSpec changed = base;
    key.set(changed, other_value(key, base));
    for (const bool in_two_stores : {false, true}) {
      EXPECT_THAT(
          tables_of({run_of("a", base, full_json(base)), run_of("b", changed, full_json(changed))},
                    in_two_stores),
          SizeIs(separates ? 2 : 1))
          << key.path;
    }
  }
}

TEST(ComparisonTest, EveryListedKeyExists) {
  std::map<std::string, std::string> unknown = kWhySeparate;
  for (const SpecKey& key : spec_keys()) unknown.erase(key.path);
  EXPECT_THAT(unknown, IsEmpty());
}

TEST(ComparisonTest, AKeyWithoutEffectDoesNotSeparate) {
  RunSpec base = base_spec();
  base.data.scaling = Scaling::kDtype;
  base.evaluate.extractor.kind = ExtractorKind::kRandomConv;
  RunSpec changed = base;
  changed.data.percentile_low = 5;
  changed.evaluate.extractor.variant = InceptionInput::kLegacyTensorflow;
  EXPECT_THAT(
      tables_of({run_of("a", base, full_json(base)), run_of("b", changed, full_json(changed))},
                false),
      SizeIs(1));
}

TEST(ComparisonTest, TitlesSayWhatDiffersBetweenTables) {
  RunSpec dtype;
  RunSpec percentile;
  percentile.data.scaling = Scaling::kPercentile;
  const auto tables = tables_of(
      {run_of("a", dtype, full_json(dtype)), run_of("b", percentile, full_json(percentile))}, true);
  ASSERT_THAT(tables, SizeIs(2));
  EXPECT_THAT(tables[0].distinctions, ElementsAre("data.scaling: dtype"));
  EXPECT_THAT(tables[1].distinctions,
              ElementsAre("data.percentile_high: 99.9", "data.percentile_low: 0.1",
                          "data.scaling: percentile"));
}

// Their titles do not name the extractor, but the same networks scored twice are not more runs.
TEST(ComparisonTest, TablesOfTheRecoveredChangeSayWhichExtractorTheirRunsHave) {
  std::vector<StoredRun> runs;
  for (const char* id : {"a", "b"}) {
    runs.push_back(run_of(id, RunSpec(), full_json(RunSpec())));
    runs.back().metrics = {metric("recovered_change", 0.5, id)};
  }
  const auto tables = tables_of(runs, true);
  ASSERT_THAT(tables, SizeIs(2));
  EXPECT_THAT(tables[0].distinctions, testing::Contains("extractor: a"));
  EXPECT_THAT(tables[1].distinctions, testing::Contains("extractor: b"));
}

// A store of an older version lacks the keys that are new since; it ran with their defaults.
TEST(ComparisonTest, AKeyThatAnOldStoreLacksHasItsDefault) {
  const RunSpec now;
  RunSpec tiled;
  tiled.data.tiles = 2;
  const std::string old = R"({"data.kind":"synthetic","data.scaling":"dtype"})";
  EXPECT_THAT(tables_of({run_of("a", now, old), run_of("b", now, full_json(now))}, true),
              SizeIs(1));
  EXPECT_THAT(tables_of({run_of("a", now, old), run_of("b", now, full_json(tiled))}, true),
              SizeIs(2));
}

TEST(ComparisonTest, AValueThatThisVersionDoesNotKnowSeparates) {
  const RunSpec now;
  const std::string other = R"({"data.scaling":"logarithm"})";
  const auto tables = tables_of({run_of("a", now, other), run_of("b", now, full_json(now))}, true);
  ASSERT_THAT(tables, SizeIs(2));
  EXPECT_THAT(tables[0].distinctions, ElementsAre("data.scaling: logarithm"));
}

// They have no key: their file is a path, and paths do not count.
TEST(ComparisonTest, RunsFromDifferentInitialWeightsAreNotSeedsOfOneCell) {
  RunSpec one, two;
  one.train.initial_weights_digest = "11";
  two.train.initial_weights_digest = "22";
  const auto tables =
      tables_of({run_of("a", one, full_json(one)), run_of("b", two, full_json(two))}, false);
  ASSERT_THAT(tables, SizeIs(1));
  EXPECT_THAT(tables[0].cells, SizeIs(2));
}

TEST(ComparisonTest, PercentagesOfOneVariantHaveOneLabel) {
  RunSpec half, all;
  half.data.percentage = 50;
  const auto tables =
      tables_of({run_of("a", half, full_json(half)), run_of("b", all, full_json(all))}, false);
  ASSERT_THAT(tables[0].cells, SizeIs(2));
  EXPECT_EQ(tables[0].cells[0].label, "scgan");
  EXPECT_EQ(tables[0].cells[1].label, "scgan");
}

TEST(ComparisonTest, TheDocumentNamesTheKeysThatSeparateTables) {
  const std::string document = read_file(SCGAN_SCHEMA_DOC);
  for (const SpecKey& key : spec_keys()) {
    if (!key.in_reference || key.path.starts_with("data.synthetic.")) continue;
    EXPECT_NE(document.find("`" + key.path + "`"), std::string::npos) << key.path;
  }
}

}  // namespace
}  // namespace scgan::results
