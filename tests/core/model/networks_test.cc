#include "core/model/networks.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn/module.h>

#include <string>
#include <vector>

#include "core/model/fastgan_discriminator.h"
#include "core/model/network_factory.h"
#include "core/model/patch_discriminator.h"
#include "core/model/resnet_generator.h"
#include "tests/core/model/model_specs.h"

namespace scgan {
namespace {

using ::testing::ElementsAreArray;
using testing::patch_spec;
using testing::ssl_spec;

int64_t parameter_count(Network& network, const std::string& prefix = "") {
  int64_t count = 0;
  for (const auto& parameter : network.module().named_parameters()) {
    if (parameter.key().starts_with(prefix)) {
      count += parameter.value().numel();
    }
  }
  return count;
}

std::vector<std::string> layer_names(Network& network) {
  std::vector<std::string> names;
  for (const auto& parameter : network.module().named_parameters()) {
    const auto& key = parameter.key();
    if (key.ends_with(".weight")) {
      names.push_back(key.substr(0, key.size() - std::string(".weight").size()));
    }
  }
  return names;
}

struct Size {
  int64_t image_size;
  int64_t total;
  int64_t decoders;
};

TEST(NetworksTest, GeneratorsHaveThePublishedParameterCounts) {
  EXPECT_EQ(parameter_count(*make_resnet_generator(64, 9)), 11'378'179);
  EXPECT_EQ(parameter_count(*make_resnet_generator(64, 6)), 7'837'699);
}

TEST(NetworksTest, OptionsAreThoseOfTheParameters) {
  const auto generator = make_resnet_generator(4, 1);
  EXPECT_EQ(generator->options().dtype(), at::kFloat);
  generator->to_double();
  EXPECT_EQ(generator->options().dtype(), at::kDouble);
  EXPECT_EQ(generator->options().device(), at::kCPU);
}

TEST(NetworksTest, PatchDiscriminatorHasThePublishedParameterCount) {
  EXPECT_EQ(parameter_count(*make_patch_discriminator(patch_spec(64))), 2'764'737);
}

TEST(NetworksTest, SelfSupervisedDiscriminatorsHaveThePublishedParameterCounts) {
  for (const Size& size : {Size{64, 11'051'776, 3'031'104}, Size{128, 11'459'328, 3'139'488},
                           Size{256, 11'526'160, 3'139'488}, Size{512, 11'526'496, 3'139'488},
                           Size{1024, 11'528'192, 3'139'488}}) {
    const auto network = make_fastgan_discriminator(ssl_spec(64), size.image_size);
    EXPECT_EQ(parameter_count(*network), size.total) << size.image_size;
    EXPECT_EQ(parameter_count(*network, "decoder_"), size.decoders) << size.image_size;
  }
}

TEST(NetworksTest, PartsOfTheSelfSupervisedDiscriminatorHaveThePublishedParameterCounts) {
  const auto network = make_fastgan_discriminator(ssl_spec(64), 256);
  EXPECT_EQ(parameter_count(*network, "down_from_big."), 432);
  EXPECT_EQ(parameter_count(*network, "down_4."), 18'112);
  EXPECT_EQ(parameter_count(*network, "down_64."), 4'590'592);
  EXPECT_EQ(parameter_count(*network, "se_2_16."), 49'152);
  EXPECT_EQ(parameter_count(*network, "se_4_32."), 196'608);
  EXPECT_EQ(parameter_count(*network, "se_8_64."), 786'432);
  EXPECT_EQ(parameter_count(*network, "rf_big."), 542'720);
  EXPECT_EQ(parameter_count(*network, "down_from_small."), 690'560);
  EXPECT_EQ(parameter_count(*network, "rf_small."), 4'096);
  EXPECT_EQ(parameter_count(*network, "decoder_big."), 1'439'712);
  EXPECT_EQ(parameter_count(*network, "decoder_part."), 849'888);
}

TEST(NetworksTest, GeneratorLayersHaveThePublishedNames) {
  std::vector<std::string> expected = {"model.1", "model.4", "model.7"};
  for (int block = 10; block < 19; ++block) {
    expected.push_back("model." + std::to_string(block) + ".conv_block.1");
    expected.push_back("model." + std::to_string(block) + ".conv_block.5");
  }
  expected.insert(expected.end(), {"model.19", "model.22", "model.26"});
  EXPECT_THAT(layer_names(*make_resnet_generator(4, 9)), ElementsAreArray(expected));

  const auto six_blocks = layer_names(*make_resnet_generator(4, 6));
  EXPECT_THAT(std::vector<std::string>(six_blocks.end() - 3, six_blocks.end()),
              ::testing::ElementsAre("model.16", "model.19", "model.23"));
}

TEST(NetworksTest, PatchDiscriminatorLayersHaveThePublishedNames) {
  EXPECT_THAT(layer_names(*make_patch_discriminator(patch_spec(4))),
              ::testing::ElementsAre("model.0", "model.2", "model.5", "model.8", "model.11"));
}

TEST(NetworksTest, SelfSupervisedDiscriminatorsHaveThePublishedNames) {
  const auto parameters = make_fastgan_discriminator(ssl_spec(4), 256)->module().named_parameters();
  for (const char* name :
       {"down_from_big.0.weight_orig", "down_4.main.0.weight_orig", "down_4.main.1.bias",
        "down_4.main.3.weight_orig", "down_4.main.4.weight", "down_4.direct.1.weight_orig",
        "down_64.direct.2.weight", "se_2_16.main.1.weight_orig", "se_2_16.main.3.weight_orig",
        "rf_big.0.weight_orig", "rf_big.1.weight", "rf_big.3.weight_orig",
        "down_from_small.0.weight_orig", "down_from_small.2.main.0.weight_orig",
        "down_from_small.4.main.1.weight", "rf_small.weight_orig",
        "decoder_big.main.1.1.weight_orig", "decoder_part.main.4.2.weight",
        "decoder_small.main.5.weight_orig"}) {
    EXPECT_TRUE(parameters.contains(name)) << name;
  }
  const auto buffers = make_fastgan_discriminator(ssl_spec(4), 1024)->module().named_buffers();
  for (const char* name : {"down_from_big.2.weight_u", "down_from_big.2.weight_v",
                           "down_from_big.3.running_mean", "down_from_big.3.running_var",
                           "down_from_big.3.num_batches_tracked", "rf_small.weight_u"}) {
    EXPECT_TRUE(buffers.contains(name)) << name;
  }
}

TEST(NetworksTest, SmallerImagesKeepTheNamesOfTheSameResolutions) {
  const auto at128 = make_fastgan_discriminator(ssl_spec(4), 128)->module().named_children();
  EXPECT_FALSE(at128.contains("down_4"));
  EXPECT_TRUE(at128.contains("down_8"));
  EXPECT_FALSE(at128.contains("se_2_16"));
  EXPECT_TRUE(at128.contains("se_4_32"));

  const auto network = make_fastgan_discriminator(ssl_spec(4), 64);
  EXPECT_FALSE(network->module().named_children().contains("down_8"));
  EXPECT_FALSE(network->module().named_children().contains("se_4_32"));
  EXPECT_TRUE(network->module().named_children().contains("se_8_64"));
  EXPECT_TRUE(network->module().named_parameters().contains("decoder_big.main.4.weight_orig"));
}

TEST(NetworksTest, GeneratorKeepsTheShapeAndStaysInRange) {
  const auto network = make_resnet_generator(4, 2);
  initialize(*network, 5, NetworkIndex::kGA);
  const at::NoGradGuard no_grad;
  const auto images = network->forward(at::linspace(-1, 1, 2 * 3 * 36 * 40).view({2, 3, 36, 40}));
  EXPECT_EQ(images.sizes(), (std::vector<int64_t>{2, 3, 36, 40}));
  EXPECT_LE(images.abs().max().item<double>(), 1.0);
}

TEST(NetworksTest, PatchDiscriminatorHas30x30LogitsAt256Pixels) {
  const auto network = make_patch_discriminator(patch_spec(4));
  initialize(*network, 5, NetworkIndex::kDA);
  const at::NoGradGuard no_grad;
  const auto output = network->discriminate_real(at::zeros({2, 3, 256, 256}), {});
  EXPECT_EQ(output.logits.sizes(), (std::vector<int64_t>{2, 1, 30, 30}));
  EXPECT_TRUE(output.reconstructions.empty());
}

TEST(NetworksTest, TheModelSpecSelectsTheNetworks) {
  ModelSpec spec;
  spec.generator_width = 4;
  spec.generator_blocks = 6;
  spec.discriminator_width = 4;
  EXPECT_EQ(layer_names(*make_generator(spec)).back(), "model.23");
  EXPECT_TRUE(
      make_discriminator(spec, 64)->module().named_parameters().contains("model.11.weight"));
  spec.discriminator = DiscriminatorKind::kFastGan;
  EXPECT_TRUE(
      make_discriminator(spec, 64)->module().named_parameters().contains("rf_small.weight_orig"));
}

}  // namespace
}  // namespace scgan
