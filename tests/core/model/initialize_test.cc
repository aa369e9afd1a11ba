#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <gtest/gtest.h>
#include <torch/nn/module.h>

#include "core/base/counter_rng.h"
#include "core/model/fastgan_discriminator.h"
#include "core/model/networks.h"
#include "core/model/patch_discriminator.h"
#include "tests/core/model/model_specs.h"

namespace scgan {
namespace {

using testing::patch_spec;
using testing::ssl_spec;

TEST(InitializeTest, ConvolutionsAreNormalWithDeviation002AndBiasesZero) {
  const auto network = make_patch_discriminator(patch_spec(32));
  initialize(*network, 3, NetworkIndex::kDA);
  const auto weight = network->module().named_parameters()["model.8.weight"];  // 524,288 values
  EXPECT_NEAR(weight.mean().item<double>(), 0, 1.5e-4);
  EXPECT_NEAR(weight.std().item<double>(), 0.02, 1e-4);
  EXPECT_EQ(network->module().named_parameters()["model.8.bias"].abs().max().item<double>(), 0);
}

TEST(InitializeTest, NormsAndSpectralVectorsStartAsPublished) {
  const auto network = make_fastgan_discriminator(ssl_spec(64), 64);
  initialize(*network, 3, NetworkIndex::kDA);
  const auto parameters = network->module().named_parameters();
  EXPECT_NEAR(parameters["rf_big.1.weight"].mean().item<double>(), 1, 3e-3);
  EXPECT_NEAR(parameters["rf_big.1.weight"].std().item<double>(), 0.02, 2e-3);
  EXPECT_EQ(parameters["rf_big.1.bias"].abs().max().item<double>(), 0);
  const auto buffers = network->module().named_buffers();
  EXPECT_EQ(buffers["rf_big.1.running_mean"].abs().max().item<double>(), 0);
  EXPECT_EQ(buffers["rf_big.1.running_var"].min().item<double>(), 1);
  EXPECT_EQ(buffers["rf_big.1.num_batches_tracked"].item<int64_t>(), 0);
  EXPECT_NEAR(buffers["rf_big.0.weight_u"].norm().item<double>(), 1, 1e-5);
  EXPECT_NEAR(buffers["rf_big.0.weight_v"].norm().item<double>(), 1, 1e-5);
}

TEST(InitializeTest, AnElementIsTheDrawOfItsNetworkTensorAndPosition) {
  const auto network = make_patch_discriminator(patch_spec(32));
  initialize(*network, 7, NetworkIndex::kDB);
  const auto weight = network->module().named_parameters()["model.5.weight"].flatten();  // tensor 4
  ASSERT_EQ(weight.numel(), 131072);
  const CounterRng draws(7, Purpose::kInitWeights);
  for (const uint32_t element : {11U, 65535U, 65536U, 131071U}) {
    EXPECT_FLOAT_EQ(weight[element].item<float>(),
                    static_cast<float>(0.02 * draws.normal(3004, element)));
  }
}

TEST(InitializeTest, EqualKeysSetEqualWeightsForAnyPreviousOnes) {
  const auto first = make_fastgan_discriminator(ssl_spec(4), 64);
  const auto second = make_fastgan_discriminator(ssl_spec(4), 64);
  initialize(*first, 7, NetworkIndex::kDA);
  initialize(*second, 8, NetworkIndex::kDB);
  EXPECT_FALSE(at::equal(first->parameters()[0].second, second->parameters()[0].second));
  initialize(*second, 7, NetworkIndex::kDB);
  EXPECT_FALSE(at::equal(first->parameters()[0].second, second->parameters()[0].second));
  second->logits(at::ones({2, 3, 64, 64}));  // moves buffers
  initialize(*second, 7, NetworkIndex::kDA);
  for (size_t i = 0; i < first->parameters().size(); ++i) {
    EXPECT_TRUE(at::equal(first->parameters()[i].second, second->parameters()[i].second));
  }
  for (size_t i = 0; i < first->buffers().size(); ++i) {
    EXPECT_TRUE(at::equal(first->buffers()[i].second, second->buffers()[i].second));
  }
}

}  // namespace
}  // namespace scgan
