// With TF32 and bfloat16, networks compute in channels_last on GPUs. What lies between two
// convolutions must keep that format: every change is a copy of all values.
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "core/model/arithmetic.h"
#include "core/model/network_factory.h"
#include "core/model/norm.h"
#include "core/model/parameter_arena.h"
#include "core/model/reflection_pad.h"
#include "tests/core/model/tensor_difference.h"
#include "tests/distributed/gpu_fixture.h"
#include "tests/distributed/stand_in_counts.h"

namespace scgan::distributed {
namespace {

constexpr int64_t kImageSize = 64;

// 0 on a real GPU.
int64_t format_changes() { return counts_of_stand_in() == nullptr ? 0 : counted().format_changes; }

at::Tensor on(c10::Device device, const at::Tensor& tensor) {
  return tensor.detach().to(device, /*non_blocking=*/false, /*copy=*/true).requires_grad_(true);
}

struct FormatCase {
  const char* name;
  DiscriminatorKind discriminator;
  bool is_generator;
  // Outputs of three channels, which change their format at the end, and their gradients at the
  // beginning of the backward pass.
  int64_t images_out;
};

class MemoryFormatTest : public GpuTest,
                         public ::testing::WithParamInterface<std::tuple<FormatCase, Precision>> {
 protected:
  struct Computed {
    at::Tensor output;    // flat, on the CPU
    at::Tensor gradient;  // of the parameters, flat, on the CPU
    int64_t changes = 0;  // of the memory format
    int64_t weights = 0;  // of convolutions that are not pointwise
  };

  static Computed computed(const FormatCase& of, Precision precision, c10::Device device) {
    const ScopedPrecision scope(precision);
    ModelSpec spec;
    spec.generator_width = spec.discriminator_width = 4;
    spec.generator_blocks = 2;
    spec.discriminator = of.discriminator;
    spec.decoders = {"big", "small"};  // the gradient of part's window has the default format
    const auto generator = make_generator(spec);
    const auto discriminator = make_discriminator(spec, kImageSize);
    Network& network = of.is_generator ? static_cast<Network&>(*generator) : *discriminator;
    initialize(network, 1, NetworkIndex::kGA);
    network.to(device);
    network.set_training(true);
    ParameterArena arena({{"network", &network}});
    const at::Tensor gradient = arena.new_gradient();
    Computed result;
    for (const auto& [name, weight] : network.parameters()) {
      if (weight.dim() == 4 && weight.size(2) > 1) ++result.weights;
    }
    at::manual_seed(1);
    const at::Tensor images = at::randn({2, 3, kImageSize, kImageSize}).to(device);
    const int64_t before = format_changes();
    std::vector<at::Tensor> outputs;
    if (of.is_generator) {
      outputs.push_back(generator->forward(images));
    } else {
      const auto on_real = discriminator->discriminate_real(images, {0, 0});
      outputs.push_back(on_real.logits);
      for (const Reconstruction& one : on_real.reconstructions) outputs.push_back(one.image);
    }
    at::Tensor loss;
    for (const at::Tensor& output : outputs) {
      EXPECT_TRUE(output.is_contiguous());
      const at::Tensor term = output.square().mean();
      loss = loss.defined() ? loss + term : term;
    }
    loss.backward();
    result.changes = format_changes() - before;
    result.output = outputs.back().detach().flatten().cpu();
    result.gradient = gradient.cpu();
    return result;
  }
};

TEST_P(MemoryFormatTest, OnlyInputOutputAndWeightsChangeTheirFormat) {
  if (counts_of_stand_in() == nullptr) GTEST_SKIP() << "only the stand-in counts copies";
  const auto& [of, precision] = GetParam();
  const Computed on_gpu = computed(of, precision, gpu_);
  const bool changes = precision != Precision::kFp32;
  EXPECT_EQ(on_gpu.changes, changes ? 1 + on_gpu.weights + 2 * of.images_out : 0);
}

TEST_P(MemoryFormatTest, ResultsEqualThoseOfTheCpuUpToRounding) {
  const auto& [of, precision] = GetParam();
  const Computed here = computed(of, precision, at::kCPU);
  const Computed there = computed(of, precision, gpu_);
  const double tolerance = precision == Precision::kBf16 ? 0.1 : 2e-3;
  EXPECT_LT(difference(there.output, here.output), tolerance);
  EXPECT_LT(difference(there.gradient, here.gradient), tolerance);
}

std::string name_of(const ::testing::TestParamInfo<std::tuple<FormatCase, Precision>>& tried) {
  const auto& [of, precision] = tried.param;
  const char* arithmetic = precision == Precision::kTf32   ? "_tf32"
                           : precision == Precision::kBf16 ? "_bf16"
                                                           : "_fp32";
  return of.name + std::string(arithmetic);
}

INSTANTIATE_TEST_SUITE_P(
    Networks, MemoryFormatTest,
    ::testing::Combine(
        ::testing::Values(FormatCase{"generator", DiscriminatorKind::kPatch, true, 1},
                          FormatCase{"patch_discriminator", DiscriminatorKind::kPatch, false, 0},
                          FormatCase{"fastgan_discriminator", DiscriminatorKind::kFastGan, false,
                                     2}),
        ::testing::Values(Precision::kFp32, Precision::kTf32, Precision::kBf16)),
    name_of);

class ChannelsLastTest : public GpuTest {
 protected:
  // Compares `work` on channels_last images on the GPU with the same on the CPU.
  template <typename Work>
  void expect_equal_on_cpu(const at::Tensor& images, const Work& work) const {
    const at::Tensor here = on(at::kCPU, images);
    const at::Tensor there = on(gpu_, images.contiguous(at::MemoryFormat::ChannelsLast));
    const at::Tensor expected = work(here);
    const at::Tensor result = work(there);
    EXPECT_TRUE(result.is_contiguous(at::MemoryFormat::ChannelsLast));
    EXPECT_LT(difference(result.cpu(), expected), 1e-14);
    const auto differentiate = [](const at::Tensor& y) { (y * y.detach().cos()).sum().backward(); };
    differentiate(expected);
    differentiate(result);
    EXPECT_LT(difference(there.grad().cpu(), here.grad()), 1e-13);
  }
};

TEST_F(ChannelsLastTest, ReflectionPaddingEqualsTheCpus) {
  for (const int64_t pad : {1, 3}) {
    for (const int64_t size : {pad + 1, 2 * pad + 1, 2 * pad + 4}) {
      SCOPED_TRACE(::testing::Message() << size << " pixels padded by " << pad);
      expect_equal_on_cpu(at::randn({2, 5, size, size + 1}, at::kDouble),
                          [&](const at::Tensor& x) { return reflection_pad(x, pad); });
    }
  }
}

TEST_F(ChannelsLastTest, InstanceNormEqualsTheCpus) {
  for (const int64_t images : {1, 3}) {
    for (const double slope : {kIdentitySlope, kReluSlope, kLeakyReluSlope}) {
      expect_equal_on_cpu(at::randn({images, 5, 6, 7}, at::kDouble) * 3 + 7,
                          [&](const at::Tensor& x) { return instance_norm(x, slope); });
    }
  }
}

TEST_F(ChannelsLastTest, BatchNormEqualsTheCpus) {
  BatchNorm here(5, kLeakyReluSlope), there(5, kLeakyReluSlope);
  for (BatchNorm* layer : {&here, &there}) (*layer)->to(at::kDouble);
  there->to(gpu_);
  expect_equal_on_cpu(at::randn({3, 5, 6, 7}, at::kDouble) * 3 + 7,
                      [&](const at::Tensor& x) { return (x.is_cpu() ? here : there)->forward(x); });
  EXPECT_LT(difference(there->running_mean.cpu(), here->running_mean), 1e-14);
  EXPECT_LT(difference(there->running_var.cpu(), here->running_var), 1e-14);
  EXPECT_LT(difference(there->weight.grad().cpu(), here->weight.grad()), 1e-13);
  EXPECT_EQ(there->num_batches_tracked.item<int64_t>(), 1);
}

}  // namespace
}  // namespace scgan::distributed
