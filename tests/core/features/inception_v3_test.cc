#include "core/features/inception_v3.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <set>
#include <string>

#include "core/features/inception_input.h"
#include "tests/core/features/inception_samples.h"
#include "tests/support/error_of.h"

namespace scgan {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const NamedTensors& weights() {
  static const auto* all = new NamedTensors(sample_inception_weights());
  return *all;
}

std::string refusal(const NamedTensors& tensors) {
  InceptionV3 network;
  const std::string message =
      data_error_of([&] { load_inception_weights(network, tensors, "weights.safetensors"); });
  EXPECT_THAT(message, HasSubstr("weights.safetensors"));
  return message;
}

// The error for the weights after `change` of the tensor `name`.
std::string refusal_after(const std::string& name,
                          const std::function<at::Tensor(const at::Tensor&)>& change) {
  NamedTensors tensors = weights();
  for (auto& [key, tensor] : tensors) {
    if (key == name) tensor = change(tensor);
  }
  return refusal(tensors);
}

TEST(InceptionV3Test, HasThePublishedNumbersOfBlocksAndParameters) {
  const InceptionV3 network;
  int64_t parameters = 0;
  std::set<std::string> blocks;
  for (const auto& each : network.named_parameters()) {
    parameters += each.value().numel();
    EXPECT_FALSE(each.value().requires_grad());
    if (each.key().ends_with(".conv.weight")) blocks.insert(each.key());
  }
  EXPECT_EQ(parameters, 21'785'568);
  EXPECT_EQ(blocks.size(), 94U);
  EXPECT_FALSE(network.is_training());
}

// Some of pytorch-fid's state dict: one name of each kind of block.
TEST(InceptionV3Test, HasThePublishedNames) {
  const InceptionV3 network;
  const auto parameters = network.named_parameters();
  const auto buffers = network.named_buffers();
  for (const char* name :
       {"Conv2d_1a_3x3.conv.weight", "Conv2d_4a_3x3.bn.bias", "Mixed_5b.branch5x5_2.conv.weight",
        "Mixed_6a.branch3x3dbl_3.conv.weight", "Mixed_6e.branch7x7dbl_5.bn.weight",
        "Mixed_7a.branch7x7x3_4.conv.weight", "Mixed_7c.branch3x3_2a.conv.weight",
        "Mixed_7c.branch3x3dbl_3b.conv.weight", "Mixed_7c.branch_pool.conv.weight"}) {
    EXPECT_TRUE(parameters.contains(name)) << name;
  }
  EXPECT_TRUE(buffers.contains("Mixed_6b.branch1x1.bn.running_mean"));
  EXPECT_TRUE(buffers.contains("Mixed_6b.branch1x1.bn.running_var"));
  EXPECT_EQ(parameters["Mixed_7c.branch3x3_2a.conv.weight"].sizes(),
            at::IntArrayRef({384, 384, 1, 3}));
  EXPECT_EQ(parameters["Mixed_6c.branch7x7dbl_2.conv.weight"].sizes(),
            at::IntArrayRef({160, 160, 7, 1}));
}

TEST(InceptionV3Test, FeaturesAgreeWithTheOracleInAllVariants) {
  InceptionV3 network;
  load_inception_weights(network, weights(), "weights.safetensors");
  for (const auto& [variant, name] : kInceptionInputs) {
    const at::Tensor expected = golden("inception_features.safetensors", std::string(name));
    ASSERT_TRUE(expected.defined());
    const at::Tensor features = network.forward(inception_input(sample_images(2, 64, 48), variant));
    // Padding in the average pools, or an average in Mixed_7c, would change them by 0.5 or more.
    EXPECT_TRUE(at::allclose(features, expected, /*rtol=*/1e-4, /*atol=*/1e-5))
        << name << ": differs by " << (features - expected).abs().max().item<double>();
  }
}

TEST(InceptionV3Test, IgnoresTensorsThatFeaturesDoNotNeed) {
  NamedTensors tensors = weights();
  tensors.emplace_back("fc.weight", at::zeros({1008, 2048}));
  tensors.emplace_back("fc.bias", at::zeros({1008}));
  tensors.emplace_back("AuxLogits.conv0.conv.weight", at::zeros({128, 768, 1, 1}));
  tensors.emplace_back("Mixed_5b.branch1x1.bn.num_batches_tracked", at::zeros({}, at::kLong));
  InceptionV3 network;
  load_inception_weights(network, tensors, "weights.safetensors");
  EXPECT_TRUE(at::equal(network.named_buffers()["Mixed_7b.branch1x1.bn.running_var"],
                        sample_weight("Mixed_7b.branch1x1.bn.running_var", {320})));
}

TEST(InceptionV3Test, RefusesMissingAndUnknownTensorsByName) {
  NamedTensors tensors = weights();
  const auto last = std::find_if(tensors.begin(), tensors.end(), [](const auto& each) {
    return each.first == "Mixed_6d.branch_pool.bn.running_var";
  });
  tensors.erase(last);
  EXPECT_THAT(refusal(tensors),
              HasSubstr("Mixed_6d.branch_pool.bn.running_var of Inception-v3 is missing"));
  EXPECT_THAT(refusal({}), AllOf(HasSubstr("is missing"), HasSubstr("469 others")));
  tensors = weights();
  tensors.emplace_back("Mixed_8a.conv.weight", at::zeros({1}));
  EXPECT_THAT(refusal(tensors), HasSubstr("Mixed_8a.conv.weight is not part of"));
  tensors = weights();
  tensors.push_back(tensors.front());  // a second one of the name
  EXPECT_THAT(refusal(tensors), HasSubstr("Conv2d_1a_3x3.conv.weight is not part of"));
}

TEST(InceptionV3Test, RefusesOtherShapesTypesAndNonFiniteWeightsByName) {
  const std::string name = "Mixed_7b.branch3x3_2a.conv.weight";
  EXPECT_THAT(refusal_after(name, [](const at::Tensor& x) { return x.transpose(2, 3); }),
              AllOf(HasSubstr(name), HasSubstr("[384, 384, 3, 1], not [384, 384, 1, 3]")));
  EXPECT_THAT(refusal_after(name, [](const at::Tensor& x) { return x.to(at::kInt); }),
              AllOf(HasSubstr(name), HasSubstr("not hold floating point")));
  EXPECT_THAT(refusal_after(name,
                            [](const at::Tensor& x) {
                              at::Tensor nan = x.clone();
                              nan[1][2][0][1] = std::numeric_limits<float>::quiet_NaN();
                              return nan;
                            }),
              AllOf(HasSubstr(name), HasSubstr("not finite")));
}

}  // namespace
}  // namespace scgan
