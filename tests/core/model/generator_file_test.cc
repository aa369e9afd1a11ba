#include "core/model/generator_file.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn/module.h>

#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>

#include "core/base/error.h"
#include "core/model/patch_discriminator.h"
#include "core/model/resnet_generator.h"
#include "tests/support/temp_dir.h"

namespace scgan {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Direction kToA = Direction::kBtoA;
constexpr Direction kToB = Direction::kAtoB;

// The tensors of a network with distinct weights, under `prefix`.
NamedTensors tensors_of(Network& network, const std::string& prefix = "", int64_t seed = 1) {
  initialize(network, seed, NetworkIndex::kGA);
  NamedTensors all;
  for (const auto& [name, parameter] : network.parameters()) {
    all.emplace_back(prefix + name, parameter.detach().clone());
  }
  return all;
}

NamedTensors generator_tensors(int64_t width, int64_t blocks, const std::string& prefix = "",
                               int64_t seed = 1) {
  return tensors_of(*make_resnet_generator(width, blocks), prefix, seed);
}

using Metadata = std::map<std::string, std::string>;

LoadedGenerator load(const NamedTensors& tensors, std::optional<Direction> direction = std::nullopt,
                     const Metadata& metadata = {}) {
  return make_loaded_generator({tensors, metadata}, direction, "g.safetensors");
}

std::string refusal(const NamedTensors& tensors, std::optional<Direction> direction = std::nullopt,
                    const Metadata& metadata = {}) {
  try {
    load(tensors, direction, metadata);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kData);
    EXPECT_THAT(error.what(), HasSubstr("g.safetensors"));
    return error.what();
  }
  ADD_FAILURE() << "not refused";
  return "";
}

void expect_weights(const LoadedGenerator& loaded, const NamedTensors& tensors) {
  const NamedTensors parameters = loaded.network->parameters();
  ASSERT_EQ(parameters.size(), tensors.size());
  for (size_t i = 0; i < tensors.size(); ++i) {
    EXPECT_TRUE(at::equal(parameters[i].second, tensors[i].second)) << tensors[i].first;
  }
}

NamedTensors joined(NamedTensors first, const NamedTensors& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

TEST(GeneratorFileTest, TheDirectionOfASingleGeneratorIsChecked) {
  const NamedTensors tensors = generator_tensors(2, 1);
  EXPECT_EQ(load(tensors, kToA, {{"direction", "BtoA"}}).which, "");
  EXPECT_THAT(refusal(tensors, kToA, {{"direction", "AtoB"}}),
              HasSubstr("translates AtoB, not BtoA"));
  EXPECT_THAT(refusal(tensors, kToA), HasSubstr("leave out --direction BtoA"));
}

TEST(GeneratorFileTest, InputOfTheTrainingComesWithTheWeights) {
  const NamedTensors tensors = generator_tensors(2, 1);
  GeneratorInput input{64, 2, 16, true, {{{0.1, 4095}, {7, 65535}, {1.0 / 3, 2}}}};
  EXPECT_EQ(load(tensors, {}, {{"input", to_json_text(input)}}).input, input);
  EXPECT_EQ(load(tensors).input, std::nullopt);
  EXPECT_THAT(refusal(tensors, {}, {{"input", R"({"image_size":64})"}}), HasSubstr("metadata"));
  input.range[1] = {3, 3};
  EXPECT_THAT(refusal(tensors, {}, {{"input", to_json_text(input)}}), HasSubstr("[3.0,3.0]"));
}

TEST(GeneratorFileTest, WidthAndBlocksFollowFromTheShapes) {
  for (const int64_t blocks : {0, 1, 6, 9, 12}) {
    const NamedTensors tensors = generator_tensors(3, blocks);
    const LoadedGenerator loaded = load(tensors);
    EXPECT_EQ(loaded.shape, (GeneratorShape{3, blocks}));
    EXPECT_THAT(loaded.notes, IsEmpty());
    EXPECT_EQ(loaded.which, "");
    expect_weights(loaded, tensors);
  }
}

TEST(GeneratorFileTest, PublishedPrefixesAreIgnored) {
  const NamedTensors tensors = generator_tensors(2, 6);
  for (const char* prefix : {"module.", "netG_A.", "netG_A.module.", "module.netG_A."}) {
    expect_weights(load(generator_tensors(2, 6, prefix)), tensors);
  }
}

TEST(GeneratorFileTest, TheDirectionSelectsTheNetworkOfACheckpoint) {
  const NamedTensors to_b = generator_tensors(2, 1, "netG_A.", 1);
  const NamedTensors to_a = generator_tensors(2, 1, "netG_B.", 2);
  NamedTensors all = joined(to_b, to_a);
  all.emplace_back("netD_A.model.0.weight", at::zeros({2, 3, 4, 4}));
  all.emplace_back("adam.first.netG_A.model.1.weight", at::zeros({2, 3, 7, 7}));
  all.emplace_back("pool_A", at::zeros({1, 3, 8, 8}));
  expect_weights(load(all, kToB), to_b);
  expect_weights(load(all, kToA), to_a);
  EXPECT_EQ(load(all, kToA).which, "netG_B");
  EXPECT_THAT(refusal(to_b, kToA), AllOf(HasSubstr("netG_A but no netG_B"), HasSubstr("B to A"),
                                         HasSubstr("--direction")));
}

TEST(GeneratorFileTest, MovingAveragesArePreferredToWeights) {
  const NamedTensors average = generator_tensors(2, 1, "ema.netG_A.", 2);
  const NamedTensors all = joined(generator_tensors(2, 1, "netG_A.", 1), average);
  const LoadedGenerator loaded = load(all);
  expect_weights(loaded, average);
  EXPECT_EQ(loaded.which, "ema.netG_A");
}

TEST(GeneratorFileTest, RunningStatisticsOfInstanceNormsAreIgnored) {
  NamedTensors tensors = generator_tensors(2, 1);
  const NamedTensors plain = tensors;
  tensors.emplace_back("model.2.running_mean", at::ones({2}));
  tensors.emplace_back("model.2.running_var", at::ones({2}));
  tensors.emplace_back("model.2.num_batches_tracked", at::zeros({}, at::kLong));
  tensors.emplace_back("model.10.conv_block.2.running_mean", at::ones({8}));
  const LoadedGenerator loaded = load(tensors);
  expect_weights(loaded, plain);
  ASSERT_EQ(loaded.notes.size(), 1);
  EXPECT_THAT(loaded.notes[0], HasSubstr("4 running statistics"));
}

TEST(GeneratorFileTest, TheNetworkHasTheTypeOfTheWeights) {
  NamedTensors tensors = generator_tensors(2, 0);
  for (auto& [name, tensor] : tensors) tensor = tensor.to(at::kDouble);
  expect_weights(load(tensors), tensors);
  EXPECT_EQ(load(tensors).network->options().dtype(), at::kDouble);
  EXPECT_EQ(load(generator_tensors(2, 0)).network->options().dtype(), at::kFloat);
}

TEST(GeneratorFileTest, MissingUnknownAndWrongTensorsAreNamed) {
  NamedTensors tensors = generator_tensors(2, 2);
  const auto without = [&](const std::string& name) {
    NamedTensors some;
    for (const auto& tensor : tensors) {
      if (tensor.first != name) some.push_back(tensor);
    }
    return some;
  };
  EXPECT_THAT(refusal(without("model.10.conv_block.5.bias")),
              AllOf(HasSubstr("width 2 with 2 blocks lacks model.10.conv_block.5.bias")));
  EXPECT_THAT(refusal(without("model.1.weight")), HasSubstr("model.1.weight is missing"));
  EXPECT_THAT(refusal({}), HasSubstr("no tensor"));
  EXPECT_THAT(refusal(joined(tensors, {{"model.13.conv_block.6.weight", at::zeros({8})}})),
              HasSubstr("lacks"));
  EXPECT_THAT(refusal(joined(tensors, {{"model.10.conv_block.6.weight", at::zeros({8})}})),
              HasSubstr("has no model.10.conv_block.6.weight"));
  tensors[1].second = at::zeros({5});
  EXPECT_THAT(refusal(tensors), HasSubstr("model.1.bias is [5], not [2]"));
}

TEST(GeneratorFileTest, WeightsThatAreNotFiniteAreRejected) {
  NamedTensors tensors = generator_tensors(2, 0);
  tensors[0].second[0][0][0][0] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(refusal(tensors), AllOf(HasSubstr("model.1.weight"), HasSubstr("not finite")));
  tensors[0].second = at::zeros({2, 3, 7, 7}, at::kLong);
  EXPECT_THAT(refusal(tensors), HasSubstr("model.1.weight"));
}

TEST(GeneratorFileTest, OtherNetworksAreRecognised) {
  EXPECT_THAT(refusal({{"model.model.0.weight", at::zeros({64, 3, 4, 4})}}), HasSubstr("U-Net"));
  EXPECT_THAT(refusal(joined(generator_tensors(2, 9), {{"model.7.filt", at::zeros({2})}})),
              HasSubstr("CUT"));
  ModelSpec spec;
  spec.discriminator_width = 2;
  EXPECT_THAT(refusal(tensors_of(*make_patch_discriminator(spec))), HasSubstr("discriminator"));
  EXPECT_THAT(refusal({{"netD_A.model.0.weight", at::zeros({2})}}), HasSubstr("discriminator"));
  EXPECT_THAT(refusal({{"down_4.main.0.weight", at::zeros({2})}}),
              AllOf(HasSubstr("no ResNet generator"), HasSubstr("down_4.main.0.weight")));
  EXPECT_THAT(refusal(joined(generator_tensors(2, 1), {{"model.2.weight", at::ones({2})},
                                                       {"model.2.running_mean", at::ones({2})}})),
              HasSubstr("batch norm"));
}

TEST(GeneratorFileTest, ImpossibleWidthsAndPositionsAllocateNoMemory) {
  const NamedTensors wide{{"model.1.weight", at::empty({int64_t{1} << 40, 0, 7, 7})}};
  EXPECT_THAT(refusal(wide), HasSubstr("no ResNet generator"));
  NamedTensors far = generator_tensors(2, 0);
  far.emplace_back("model.999999999999.conv_block.1.weight", at::zeros({1}));
  EXPECT_THAT(refusal(far), HasSubstr("other positions"));
  far.back().first = "model.99999999999999999999999.conv_block.1.weight";
  EXPECT_THAT(refusal(far), HasSubstr("has no model.9999"));
  far.back().first = "model.3.conv_block.1.weight";
  EXPECT_THAT(refusal(far), HasSubstr("other positions"));
}

TEST(GeneratorFileTest, ReadsFilesAndRejectsFolders) {
  const TempDir folder;
  const NamedTensors tensors = generator_tensors(2, 1);
  write_safetensors(folder.path() / "g.safetensors", tensors, {});
  EXPECT_EQ(load_generator(folder.path() / "g.safetensors", std::nullopt).shape,
            (GeneratorShape{2, 1}));
  EXPECT_THROW(load_generator(folder.path(), kToB), Error);
  EXPECT_THROW(load_generator(folder.path() / "absent", kToB), Error);
}

}  // namespace
}  // namespace scgan
