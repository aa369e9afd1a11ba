// Discriminators with other settings than the published ones: parameters counted by hand, and
// values in float64 compared with the output of published_values.py with torch 2.11.0.
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/allclose.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn/module.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/model/network_factory.h"
#include "core/model/ssl_loss.h"
#include "tests/core/model/formula_values.h"
#include "tests/core/model/model_specs.h"

namespace scgan {
namespace {

using ::testing::ElementsAre;
using testing::expect_close;
using testing::expect_numbers;
using testing::Numbers;
using testing::patch_spec;
using testing::ssl_spec;

constexpr int64_t kPublishedCount = 11'526'160;
const std::vector<std::string> kBigAndPart = {"big", "part"};

int64_t parameter_count(const ModelSpec& spec, int64_t image_size = 256) {
  int64_t count = 0;
  for (const auto& [name, parameter] : make_discriminator(spec, image_size)->parameters()) {
    count += parameter.numel();
  }
  return count;
}

std::vector<std::string> names(const ModelSpec& spec, int64_t image_size = 64) {
  const auto network = make_discriminator(spec, image_size);
  std::vector<std::string> names = network->module().named_parameters().keys();
  for (const std::string& name : network->module().named_buffers().keys()) names.push_back(name);
  return names;
}

int64_t count_ending(const std::vector<std::string>& names, const std::string& end) {
  return std::ranges::count_if(names, [&](const std::string& name) { return name.ends_with(end); });
}

int64_t count_beginning(const std::vector<std::string>& names, const std::string& begin) {
  return std::ranges::count_if(names,
                               [&](const std::string& name) { return name.starts_with(begin); });
}

Discriminator::RealOutput output_of(const ModelSpec& spec, int64_t image_size,
                                    PartWindow window = {}) {
  const auto network = make_discriminator(spec, image_size);
  initialize(*network, 11, NetworkIndex::kDA);
  return network->discriminate_real(testing::images(image_size).to(at::kFloat), window);
}

void expect_rejected(const ModelSpec& spec, const std::string& why, int64_t image_size = 64) {
  try {
    make_discriminator(spec, image_size);
    FAIL() << "not rejected";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInvalidSpec);
    EXPECT_THAT(error.what(), ::testing::HasSubstr(why));
  }
}

TEST(DiscriminatorAlternativesTest, AutoMeansWhatResolveDefaultsChooses) {
  for (const auto& model : {patch_spec(4), ssl_spec(4)}) {
    for (const int64_t size : {64, 128}) {
      RunSpec run;
      run.model = model;
      run.data.image_size = size;
      resolve_defaults(run);
      EXPECT_EQ(names(run.model, size), names(model, size));
      EXPECT_EQ(parameter_count(run.model, size), parameter_count(model, size));
    }
  }
}

TEST(DiscriminatorAlternativesTest, WithoutTheSmallBranchThereAre25LogitsPerImage) {
  ModelSpec spec = ssl_spec(64);
  spec.d_small_branch = false;
  spec.decoders = kBigAndPart;
  EXPECT_EQ(parameter_count(spec), 9'981'616);
  spec.discriminator_width = 4;
  EXPECT_EQ(output_of(spec, 64).logits.sizes(), (std::vector<int64_t>{50}));
  EXPECT_EQ(count_beginning(names(spec), "down_from_small"), 0);
  EXPECT_EQ(count_beginning(names(spec), "rf_small"), 0);
}

TEST(DiscriminatorAlternativesTest, WithoutGatesThereAreNoGateParameters) {
  ModelSpec spec = ssl_spec(64);
  spec.d_se = false;
  EXPECT_EQ(parameter_count(spec), kPublishedCount - 49'152 - 196'608 - 786'432);
  EXPECT_EQ(count_beginning(names(spec), "se_"), 0);
}

TEST(DiscriminatorAlternativesTest, EveryDecoderIsOptional) {
  ModelSpec spec = ssl_spec(64);
  spec.decoders = {};
  EXPECT_EQ(parameter_count(spec), kPublishedCount - 3'139'488);
  EXPECT_TRUE(output_of(spec, 64).reconstructions.empty());
  spec.decoders = {"big"};
  EXPECT_EQ(parameter_count(spec), kPublishedCount - 2 * 849'888);
  spec.decoders = {"small", "part"};
  EXPECT_EQ(parameter_count(spec), kPublishedCount - 1'439'712);
  const auto reconstructions = output_of(spec, 64).reconstructions;
  ASSERT_EQ(reconstructions.size(), 2);
  EXPECT_EQ(reconstructions[0].decoder, "part");
  EXPECT_EQ(reconstructions[1].decoder, "small");
}

// Of decoder_big at width 64. Fewer blocks: without the last one (convolution 64 -> 64, scale and
// shift of 64) and 64 instead of 32 channels into the last convolution. More: one of 32 -> 64.
TEST(DiscriminatorAlternativesTest, DecoderBlocksSetTheSizeOfTheReconstruction) {
  ModelSpec spec = ssl_spec(64);
  spec.decoders = {"big"};
  const int64_t with_four = parameter_count(spec);
  spec.decoder_blocks = 4;
  EXPECT_EQ(parameter_count(spec), with_four);
  spec.decoder_blocks = 3;
  EXPECT_EQ(parameter_count(spec), with_four - (64 * 64 * 9 + 2 * 64) + (64 - 32) * 3 * 9);
  spec.decoder_blocks = 5;
  EXPECT_EQ(parameter_count(spec), with_four + 32 * 64 * 9 + 2 * 64);
  spec = ssl_spec(4);
  for (const int64_t blocks : {1, 2, 3, 4, 5}) {
    spec.decoder_blocks = blocks;
    for (const Reconstruction& one : output_of(spec, 64).reconstructions) {
      EXPECT_EQ(one.image.size(3), 8 << blocks) << one.decoder;
      EXPECT_EQ(one.target.sizes(), one.image.sizes()) << one.decoder;
    }
  }
}

TEST(DiscriminatorAlternativesTest, WithoutSpectralNormConvolutionsHaveOnlyAWeight) {
  ModelSpec spec = ssl_spec(64);
  spec.d_spectral_norm = Switch::kOff;
  spec.d_norm = Norm::kNone;
  const auto all = names(spec);
  EXPECT_EQ(count_ending(all, "weight_orig"), 0);
  EXPECT_EQ(count_ending(all, "weight_u") + count_ending(all, "weight_v"), 0);
  EXPECT_EQ(count_ending(all, ".bias"), 0);
  EXPECT_EQ(count_ending(all, "rf_small.weight"), 1);
  spec.d_norm = Norm::kBatch;
  EXPECT_EQ(parameter_count(spec), kPublishedCount);
}

TEST(DiscriminatorAlternativesTest, InstanceNormAndNoNormRemoveOnlyTheBatchNorms) {
  const auto published = names(ssl_spec(4));
  for (const Norm norm : {Norm::kInstance, Norm::kNone}) {
    ModelSpec spec = ssl_spec(4);
    spec.d_norm = norm;
    const auto others = names(spec);
    EXPECT_EQ(count_ending(others, "weight_orig"), count_ending(published, "weight_orig"));
    EXPECT_EQ(count_ending(others, "weight_u"), count_ending(published, "weight_u"));
    EXPECT_EQ(static_cast<int64_t>(others.size()), 3 * count_ending(others, "weight_orig"));
    for (const std::string& name : others) EXPECT_THAT(published, ::testing::Contains(name));
  }
}

TEST(DiscriminatorAlternativesTest, WithInstanceNormLogitsOfAnImageDoNotDependOnTheBatch) {
  for (const Norm norm : {Norm::kInstance, Norm::kNone, Norm::kBatch}) {
    ModelSpec spec = ssl_spec(4);
    spec.d_norm = norm;
    const auto network = make_discriminator(spec, 64);
    initialize(*network, 11, NetworkIndex::kDA);
    network->to_double();
    network->set_training(false);  // keeps the vectors of the spectral norm
    if (norm == Norm::kBatch) network->set_training(true);
    const at::NoGradGuard no_grad;
    const auto both = network->logits(testing::images(64)).view({2, 2, 25}).select(1, 1);
    const auto one = network->logits(testing::images(64).narrow(0, 1, 1)).view({2, 25});
    EXPECT_EQ(at::allclose(both, one, 1e-9, 1e-15), norm != Norm::kBatch);
  }
}

// As published, the inner convolutions have a bias only with instance norm.
TEST(DiscriminatorAlternativesTest, PatchDiscriminatorHasInnerBiasesOnlyWithInstanceNorm) {
  ModelSpec spec = patch_spec(64);
  spec.d_norm = Norm::kBatch;  // biases become shifts, and there are as many scales
  EXPECT_EQ(parameter_count(spec), 2'764'737 + 128 + 256 + 512);
  EXPECT_EQ(count_ending(names(spec), "running_mean"), 3);
  EXPECT_THAT(make_discriminator(spec, 64)->module().named_parameters().keys(),
              ElementsAre("model.0.weight", "model.0.bias", "model.2.weight", "model.3.weight",
                          "model.3.bias", "model.5.weight", "model.6.weight", "model.6.bias",
                          "model.8.weight", "model.9.weight", "model.9.bias", "model.11.weight",
                          "model.11.bias"));
  spec.d_norm = Norm::kNone;
  EXPECT_EQ(parameter_count(spec), 2'764'737 - 128 - 256 - 512);
  EXPECT_THAT(names(spec),
              ElementsAre("model.0.weight", "model.0.bias", "model.2.weight", "model.5.weight",
                          "model.8.weight", "model.11.weight", "model.11.bias"));
}

TEST(DiscriminatorAlternativesTest, InitialWeightsFollowTheSameRules) {
  ModelSpec spec = ssl_spec(64);
  spec.d_spectral_norm = Switch::kOff;
  const auto network = make_discriminator(spec, 64);
  initialize(*network, 3, NetworkIndex::kDA);
  const auto weight =
      network->module().named_parameters()["down_64.main.0.weight"];  // 2,097,152 values
  EXPECT_NEAR(weight.mean().item<double>(), 0, 1e-4);
  EXPECT_NEAR(weight.std().item<double>(), 0.02, 1e-4);
  EXPECT_NEAR(network->module().named_parameters()["down_64.main.1.weight"].mean().item<double>(),
              1, 5e-3);
}

TEST(DiscriminatorAlternativesTest, GradientsReachOnlyTheDecodersInUse) {
  for (const std::vector<std::string>& decoders :
       {kBigAndPart, {"small"}, {"part"}, {"big", "part", "small"}}) {
    ModelSpec spec = ssl_spec(4);
    spec.decoders = decoders;
    const auto network = make_discriminator(spec, 64);
    initialize(*network, 11, NetworkIndex::kDA);
    const auto output = network->discriminate_real(testing::images(64).to(at::kFloat), {0, 8});
    SslLoss{LossSpec()}(output.reconstructions).backward();
    for (const auto& decoder : {"big", "part", "small"}) {
      int64_t parameters = 0;
      for (const auto& parameter : network->module().named_parameters()) {
        if (!parameter.key().starts_with("decoder_" + std::string(decoder))) continue;
        ASSERT_TRUE(parameter.value().grad().defined()) << parameter.key();
        EXPECT_GT(parameter.value().grad().abs().max().item<double>(), 0) << parameter.key();
        ++parameters;
      }
      EXPECT_EQ(parameters > 0, std::ranges::count(decoders, decoder) == 1) << decoder;
    }
  }
}

TEST(DiscriminatorAlternativesTest, ImpossibleNetworksAreRejected) {
  ModelSpec spec = ssl_spec(4);
  spec.d_small_branch = false;
  expect_rejected(spec, "model.d_small_branch");
  spec = ssl_spec(4);
  spec.decoders = {"large"};
  expect_rejected(spec, "large");
  spec = ssl_spec(4);
  spec.part_size = 3;
  expect_rejected(spec, "model.part_size is 3");
  spec = ssl_spec(4);
  spec.decoder_blocks = 6;
  expect_rejected(spec, "model.decoder_blocks is 6");
  expect_rejected(ssl_spec(4), "data.image_size is 96", 96);
  spec = patch_spec(4);
  spec.d_spectral_norm = Switch::kOn;
  expect_rejected(spec, "model.d_spectral_norm");
}

struct PatchCase {
  Norm norm;
  Numbers logits;
};

TEST(DiscriminatorAlternativesTest, PatchDiscriminatorsMatchPytorch) {
  for (const auto& [norm, logits] :
       {PatchCase{Norm::kBatch, {-0.107870117922, 4.94446921078, 7.31847690671}},
        PatchCase{Norm::kNone, {0.0834330885579, 6.05121382809, 0.508639939993}}}) {
    ModelSpec spec = patch_spec(4);
    spec.d_norm = norm;
    const auto network = make_discriminator(spec, 64);
    testing::fill(*network);
    expect_numbers(network->logits(testing::images(64)), logits);
  }
}

struct SslCase {
  std::string name;
  std::function<void(ModelSpec&)> change;
  int64_t image_size;
  PartWindow window;
  Numbers logits;
  double reconstruction;
  double squared_gradient;
};

class SslAlternativesTest : public ::testing::TestWithParam<SslCase> {};

TEST_P(SslAlternativesTest, DiscriminatorMatchesPytorch) {
  const SslCase& expected = GetParam();
  ModelSpec spec = ssl_spec(8);
  expected.change(spec);
  const auto network = make_discriminator(spec, expected.image_size);
  testing::fill(*network);
  const auto output =
      network->discriminate_real(testing::images(expected.image_size), expected.window);
  expect_numbers(output.logits, expected.logits);
  const at::Tensor loss = SslLoss(LossSpec{})(output.reconstructions);
  EXPECT_EQ(loss.scalar_type(), at::kDouble);
  expect_close(loss.item<double>(), expected.reconstruction);
  expect_close(testing::squared_gradient(*network, output), expected.squared_gradient);
}

INSTANTIATE_TEST_SUITE_P(
    Each, SslAlternativesTest,
    ::testing::Values(SslCase{"instance_norm",
                              [](ModelSpec& spec) { spec.d_norm = Norm::kInstance; },
                              64,
                              {0, 8},
                              {-0.282892676433, -2.10317766741, 1.6819964217},
                              2.40718931038,
                              380.201049665},
                      SslCase{"no_norm",
                              [](ModelSpec& spec) { spec.d_norm = Norm::kNone; },
                              64,
                              {0, 8},
                              {9.19591496801e-08, -0.00445624314912, 1.40194919083e-06},
                              1.49346189654,
                              4.35388820312e-08},
                      SslCase{"no_spectral_norm",
                              [](ModelSpec& spec) { spec.d_spectral_norm = Switch::kOff; },
                              64,
                              {0, 8},
                              {0.00176903588693, -3.85429576236, 55.2052614613},
                              2.30942064755,
                              9571.09421599},
                      SslCase{"no_small_branch",
                              [](ModelSpec& spec) {
                                spec.d_small_branch = false;
                                spec.decoders = kBigAndPart;
                              },
                              64,
                              {0, 8},
                              {-0.116182136767, -0.478600755565, 4.46953845659},
                              1.51823545903,
                              212.335388378},
                      SslCase{"no_gates",
                              [](ModelSpec& spec) { spec.d_se = false; },
                              128,
                              {0, 8},
                              {-0.383243310805, -1.07858236039, 3.43526231789},
                              2.00722937274,
                              70.9799266794},
                      SslCase{"two_blocks_window_of_4",
                              [](ModelSpec& spec) {
                                spec.decoder_blocks = 2;
                                spec.decoders = {"part", "small"};
                                spec.part_size = 4;
                              },
                              64,
                              {5, 9},
                              {-0.116182136767, -2.93255835942, 4.81897805255},
                              1.54728881354,
                              908.880001642},
                      SslCase{"five_blocks_window_of_16",
                              [](ModelSpec& spec) {
                                spec.decoder_blocks = 5;
                                spec.decoders = kBigAndPart;
                                spec.part_size = 16;
                              },
                              64,
                              {0, 0},
                              {-0.116182136767, -2.93255835942, 4.81897805255},
                              1.19425199107,
                              89.4399008834},
                      SslCase{"no_spectral_norm_instance_norm_window_of_2",
                              [](ModelSpec& spec) {
                                spec.d_spectral_norm = Switch::kOff;
                                spec.d_norm = Norm::kInstance;
                                spec.decoders = {"part"};
                                spec.part_size = 2;
                              },
                              128,
                              {14, 3},
                              {0.478653227108, 0.667586600684, 17.6408827651},
                              0.592965987253,
                              3303.44031032}),
    [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace scgan
