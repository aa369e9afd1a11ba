#include "core/spec/run_id.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace scgan {
namespace {

using testing::HasSubstr;
using testing::Not;

RunSpec example() {
  RunSpec spec;
  spec.seed = 7;
  spec.data.kind = DataKind::kFolders;
  spec.data.percentage = 40;
  spec.data.digest = "d1";
  spec.evaluate.extractor.kind = ExtractorKind::kTorchScript;
  spec.evaluate.extractor.digest = "e1";
  spec.model.diffaug = {"color", "cutout"};
  resolve_defaults(spec);
  return spec;
}

// The text is what Python's json.dumps(d, sort_keys=True, separators=(',', ':')) writes for the
// same values, and the id was computed there with hashlib. A change of either changes the id of
// every stored run.
TEST(RunIdTest, CanonicalTextAndIdAreFixed) {
  EXPECT_EQ(canonical_json(example()),
            R"({"data.crop":true,"data.digest":"d1","data.flip":true,"data.image_size":256,)"
            R"("data.kind":"folders","data.load_size":286,"data.pairing":"random",)"
            R"("data.percentage":40,"data.scaling":"dtype","data.shuffle":true,)"
            R"("data.subset":"seeded","data.test_split":"test","data.tiles":1,)"
            R"("evaluate.batch_size":8,"evaluate.checkpoint":"last",)"
            R"("evaluate.directions":["AtoB"],"evaluate.every_epochs":0,)"
            R"("evaluate.extractor.digest":"e1","evaluate.extractor.kind":"torchscript",)"
            R"("evaluate.kid_subset_size":1000,"evaluate.kid_subsets":100,)"
            R"("loss.d_adv_scale":0.5,"loss.identity_mode":"relative","loss.lambda_a":10,)"
            R"("loss.lambda_b":10,"loss.lambda_identity":0.5,"model.d_norm":"instance",)"
            R"("model.d_spectral_norm":"off","model.diffaug":["color","cutout"],)"
            R"("model.discriminator":"patch","model.discriminator_width":64,)"
            R"("model.generator_blocks":9,"model.generator_width":64,)"
            R"("run.reduction":"canonical","seed":7,"train.adam_eps":1e-08,)"
            R"("train.batch_size":8,"train.beta1":0.5,"train.beta2":0.999,)"
            R"("train.decay_epochs":100,"train.ema_decay":0,"train.epochs":100,)"
            R"("train.learning_rate":0.0002,"train.micro_batch":2,"train.order":"g_first",)"
            R"("train.pool_size":50,"train.precision":"fp32","train.schedule":"linear",)"
            R"("train.steps":0,"train.threads":1})");
  EXPECT_EQ(run_id(example()), "ce806e8dea727b58");
}

TEST(RunIdTest, PlacementPathsAndNamesDoNotChangeTheId) {
  RunSpec spec = example();
  spec.sweep = "other";
  spec.variant = "renamed";
  spec.axes = R"({"train.epochs":100})";
  spec.data.root = "/elsewhere";
  spec.evaluate.extractor.file = "/elsewhere.pt";
  spec.run.ranks_per_run = 4;
  spec.run.checkpoint_minutes = 1;
  spec.run.sample_minutes = 1;
  spec.run.sample_images = 0;
  spec.run.recompute = true;
  spec.run.cuda_graph = true;
  EXPECT_EQ(run_id(spec), run_id(example()));
}

TEST(RunIdTest, WhatDecidesTheNumbersChangesTheId) {
  const auto changed = [](auto change) {
    RunSpec spec = example();
    change(spec);
    return run_id(spec) != run_id(example());
  };
  EXPECT_TRUE(changed([](RunSpec& s) { s.seed = 8; }));
  EXPECT_TRUE(changed([](RunSpec& s) { s.data.digest = "d2"; }));
  EXPECT_TRUE(changed([](RunSpec& s) { s.data.percentage = 60; }));
  EXPECT_TRUE(changed([](RunSpec& s) { s.evaluate.extractor.digest = "e2"; }));
  EXPECT_TRUE(changed([](RunSpec& s) { s.model.diffaug = {"cutout", "color"}; }));
  EXPECT_TRUE(changed([](RunSpec& s) { s.run.reduction = Reduction::kAllReduce; }));
  EXPECT_TRUE(changed([](RunSpec& s) { s.run.reflection_padding = ReflectionPadding::kCopies; }));
  EXPECT_TRUE(changed([](RunSpec& s) { s.train.threads = 2; }));
  EXPECT_TRUE(changed([](RunSpec& s) { s.data.subset = SubsetMode::kFixed; }));
}

TEST(RunIdTest, KeysThatCannotActAreLeftOut) {
  const auto unchanged = [](RunSpec spec, auto change) {
    const std::string before = run_id(spec);
    change(spec);
    return run_id(spec) == before;
  };
  RunSpec spec = example();
  EXPECT_TRUE(unchanged(spec, [](RunSpec& s) { s.data.synthetic.seed = 9; }));
  EXPECT_TRUE(unchanged(spec, [](RunSpec& s) { s.data.percentile_low = 5; }));
  EXPECT_TRUE(unchanged(spec, [](RunSpec& s) { s.loss.lambda_ssl = 5; }));
  EXPECT_FALSE(unchanged(spec, [](RunSpec& s) { s.data.load_size = 300; }));
  EXPECT_FALSE(unchanged(spec, [](RunSpec& s) { s.loss.identity_mode = IdentityMode::kAbsolute; }));

  spec.data.crop = false;
  spec.data.percentage = 100;
  spec.loss.lambda_identity = 0;
  spec.evaluate.extractor.kind = ExtractorKind::kRandomConv;
  EXPECT_TRUE(unchanged(spec, [](RunSpec& s) { s.data.load_size = 300; }));
  EXPECT_TRUE(unchanged(spec, [](RunSpec& s) { s.data.subset = SubsetMode::kFixed; }));
  EXPECT_TRUE(unchanged(spec, [](RunSpec& s) { s.loss.identity_mode = IdentityMode::kAbsolute; }));
  EXPECT_TRUE(unchanged(spec, [](RunSpec& s) { s.evaluate.extractor.digest = "e2"; }));

  spec.data.kind = DataKind::kSynthetic;
  spec.data.scaling = Scaling::kPercentile;
  spec.model.discriminator = DiscriminatorKind::kFastGan;
  EXPECT_FALSE(unchanged(spec, [](RunSpec& s) { s.data.synthetic.seed = 9; }));
  EXPECT_FALSE(unchanged(spec, [](RunSpec& s) { s.data.percentile_low = 5; }));
  EXPECT_FALSE(unchanged(spec, [](RunSpec& s) { s.loss.lambda_ssl = 5; }));
}

TEST(RunIdTest, DecoderKeysActOnlyWhereThereIsASelfSupervisedLoss) {
  const auto changes = [](RunSpec spec) {
    const std::string before = run_id(spec);
    spec.model.part_size = 4;
    spec.loss.ssl_distance = SslDistance::kL1;
    return run_id(spec) != before;
  };
  RunSpec spec = example();
  EXPECT_FALSE(changes(spec));
  spec.model.discriminator = DiscriminatorKind::kFastGan;
  EXPECT_TRUE(changes(spec));
  spec.model.decoders = {};
  EXPECT_FALSE(changes(spec));
}

TEST(RunIdTest, DigestsOfWeightsCountWhereTheWeightsAreUsed) {
  RunSpec spec = example();
  const std::string before = run_id(spec);
  spec.loss.lpips_digest = std::string(64, 'e');
  EXPECT_EQ(run_id(spec), before);
  spec.train.initial_weights_digest = std::string(64, 'e');
  EXPECT_NE(run_id(spec), before);
}

TEST(RunIdTest, FullTextHoldsPlacementAndNames) {
  RunSpec spec = example();
  spec.sweep = "a \"sweep\"";
  spec.variant = "scgan";
  spec.axes = R"({"train.epochs":3})";
  spec.data.root = "/images";
  const std::string text = full_json(spec);
  EXPECT_THAT(text, HasSubstr(R"("sweep":"a \"sweep\"")"));
  EXPECT_THAT(text, HasSubstr(R"("axes":{"train.epochs":3},)"));
  EXPECT_THAT(text, HasSubstr(R"("data.root":"/images")"));
  EXPECT_THAT(text, HasSubstr(R"("run.ranks_per_run":0)"));
  EXPECT_THAT(text, HasSubstr(R"("data.synthetic.seed":1)"));
  EXPECT_THAT(canonical_json(spec), Not(HasSubstr("data.root")));
}

}  // namespace
}  // namespace scgan
