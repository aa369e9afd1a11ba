#include "core/train/train_state.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "core/base/error.h"
#include "tests/core/train/small_run.h"
#include "tests/support/temp_dir.h"

namespace scgan {
namespace {

using ::testing::HasSubstr;
using testing::small_run;

std::map<std::string, at::Tensor> tensors_of(const TrainState& state) {
  std::map<std::string, at::Tensor> all;
  for (const auto& [name, tensor] : state.tensors()) all[name] = tensor.clone();
  return all;
}

class InitialWeightsTest : public ::testing::Test {
 protected:
  std::filesystem::path file() const { return folder_.path() / "weights.safetensors"; }

  TrainState started_from(const NamedTensors& weights) {
    write_safetensors(file(), weights, {});
    spec_.train.initial_weights = file();
    return TrainState(spec_, at::kCPU);
  }
  std::string refusal(const NamedTensors& weights) {
    try {
      started_from(weights);
    } catch (const Error& problem) {
      EXPECT_EQ(problem.kind(), ErrorKind::kData);
      return problem.what();
    }
    return "not refused";
  }

  TempDir folder_;
  RunSpec spec_ = small_run(DiscriminatorKind::kFastGan);
};

TEST_F(InitialWeightsTest, AnySubsetReplacesTheWeightsOfTheSeed) {
  const auto drawn = tensors_of(TrainState(spec_, at::kCPU));
  const NamedTensors given{
      {"netG_A.model.1.weight", at::full_like(drawn.at("netG_A.model.1.weight"), 0.25)},
      {"netD_B.rf_small.weight_u", at::full_like(drawn.at("netD_B.rf_small.weight_u"), -1)}};
  const auto started = tensors_of(started_from(given));
  for (const auto& [name, tensor] : started) {
    if (name == given[0].first || name == given[1].first) continue;
    EXPECT_TRUE(at::equal(tensor, drawn.at(name))) << name;
  }
  for (const auto& [name, tensor] : given) EXPECT_TRUE(at::equal(started.at(name), tensor));
}

TEST_F(InitialWeightsTest, OnlyTheWeightsOfACheckpointAreUsed) {
  RunSpec other = spec_;
  other.seed = 99;
  TrainState source(other, at::kCPU);
  source.generators.first_moments().fill_(1);
  const TrainState started = started_from(source.tensors());
  EXPECT_TRUE(at::equal(started.generators.values(), source.generators.values()));
  EXPECT_EQ(started.generators.first_moments().abs().sum().item<float>(), 0);
}

TEST_F(InitialWeightsTest, TensorsThatDoNotFitAreNamed) {
  EXPECT_THAT(refusal({{"netG_A.model.1.wieght", at::zeros({1})}}),
              AllOf(HasSubstr(file().string()), HasSubstr("netG_A.model.1.wieght")));
  EXPECT_THAT(refusal({{"netG_A.model.1.weight", at::zeros({4, 3, 7, 5})}}),
              AllOf(HasSubstr("[4, 3, 7, 5]"), HasSubstr("[4, 3, 7, 7]")));
  EXPECT_THAT(refusal({{"netG_A.model.1.weight", at::full({4, 3, 7, 7}, NAN)}}),
              HasSubstr("not finite"));
  EXPECT_THAT(refusal({{"adam.first.netG_A.model.1.weight", at::zeros({4, 3, 7, 7})}}),
              HasSubstr("no weights"));
}

TEST_F(InitialWeightsTest, DoublePrecisionTakesSingleWeights) {
  spec_.train.precision = Precision::kFp64;
  const TrainState started = started_from({{"netG_B.model.1.bias", at::full({4}, 0.5F)}});
  const auto bias = tensors_of(started).at("netG_B.model.1.bias");
  EXPECT_EQ(bias.scalar_type(), at::kDouble);
  EXPECT_TRUE(at::equal(bias, at::full({4}, 0.5, at::kDouble)));
}

// At 64 and 128 px, modules have the names that their resolution has at 256 px.
TEST(TensorNamesTest, ModulesKeepTheNameOfTheirResolution) {
  RunSpec spec = small_run(DiscriminatorKind::kFastGan);
  const auto names_of = [&](int64_t size) {
    spec.data.image_size = size;
    std::string all;
    for (const auto& [name, tensor] : TrainState(spec, at::kCPU).tensors()) {
      if (name.starts_with("netD_A.")) all += name + "\n";
    }
    return all;
  };
  const std::string small = names_of(64);
  for (const char* name : {"down_16.", "down_32.", "down_64.", "se_8_64."}) {
    EXPECT_THAT(small, HasSubstr(name));
  }
  for (const char* name : {"down_4.", "down_8.", "se_2_16.", "se_4_32."}) {
    EXPECT_THAT(small, Not(HasSubstr(name)));
  }
  const std::string medium = names_of(128);
  for (const char* name : {"down_8.", "down_16.", "down_32.", "down_64.", "se_4_32.", "se_8_64."}) {
    EXPECT_THAT(medium, HasSubstr(name));
  }
  EXPECT_THAT(medium, Not(HasSubstr("se_2_16.")));
}

}  // namespace
}  // namespace scgan
