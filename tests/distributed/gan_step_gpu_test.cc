// On a GPU: repeated training steps have the same bits, with one rank or several; the CPU's losses
// agree up to rounding.
#include "core/train/gan_step.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <string>

#include "core/comm/solo_communicator.h"
#include "core/data/dataset_source.h"
#include "core/model/determinism.h"
#include "distributed/communicator_factory.h"
#include "tests/core/train/small_run.h"
#include "tests/distributed/gpu_of_rank.h"

namespace scgan::distributed {
namespace {

// Stand-ins run the same CPU kernels every time; only a GPU can differ from step to step.
const int64_t kSteps = std::getenv("SCGAN_STAND_IN_GPUS") == nullptr ? 20 : 5;

struct Trained {
  std::map<std::string, at::Tensor> tensors;  // on the CPU
  StepLosses losses;
};

void expect_equal(const Trained& a, const Trained& b) {
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  for (const auto& [name, tensor] : a.tensors) {
    EXPECT_TRUE(at::equal(tensor, b.tensors.at(name))) << name;
  }
  EXPECT_EQ(a.losses, b.losses);
}

class GanStepGpuTest : public ::testing::TestWithParam<DiscriminatorKind> {
 protected:
  void SetUp() override {
    if (!gpu_of_rank()) GTEST_SKIP() << "this machine has no GPU";
    make_deterministic(1);
    spec_ = testing::small_run(GetParam());
    spec_.model.diffaug = {"color", "translation", "cutout"};
    data_ = DatasetSource(spec_.data).load();
  }

  Trained trained(Communicator& communicator, c10::Device device, int64_t steps) const {
    const DataLoader loader(spec_, data_);
    TrainState state(spec_, device);
    GanStep step(spec_, state, communicator);
    StepLosses losses;
    for (int64_t i = 0; i < steps; ++i) losses = step.run(loader.batch(i), 2e-4).get();
    step.collect_discriminators();
    Trained result{{}, losses};
    for (const auto& [name, tensor] : state.tensors()) result.tensors[name] = tensor.cpu().clone();
    return result;
  }

  // The result of one rank, trained once for all tests.
  const Trained& all_steps() const {
    static std::map<DiscriminatorKind, Trained> results;
    const auto found = results.find(GetParam());
    if (found != results.end()) return found->second;
    return results[GetParam()] = trained(solo_, *gpu_of_rank(), kSteps);
  }

  RunSpec spec_;
  Dataset data_;
  mutable SoloCommunicator solo_;
};

TEST_P(GanStepGpuTest, StepsTwiceHaveTheSameBits) {
  expect_equal(all_steps(), trained(solo_, *gpu_of_rank(), kSteps));
}

// Over NCCL if every rank has a GPU of its own or may share one, else through host memory.
TEST_P(GanStepGpuTest, StepsHaveTheSameBitsOnAllRanksAsOnOne) {
  const auto world = make_communicator(duplicate(MPI_COMM_WORLD), *gpu_of_rank(), 60);
  if (world->size() == 1) GTEST_SKIP() << "needs 2 or more ranks";
  expect_equal(all_steps(), trained(*world, *gpu_of_rank(), kSteps));
}

// In channels_last.
TEST_P(GanStepGpuTest, StepsForTensorCoresHaveTheSameBitsOnAllRanksAsOnOne) {
  const auto world = make_communicator(duplicate(MPI_COMM_WORLD), *gpu_of_rank(), 60);
  if (world->size() == 1) GTEST_SKIP() << "needs 2 or more ranks";
  for (const Precision precision : {Precision::kTf32, Precision::kBf16}) {
    spec_.train.precision = precision;
    expect_equal(trained(solo_, *gpu_of_rank(), 2), trained(*world, *gpu_of_rank(), 2));
  }
}

TEST_P(GanStepGpuTest, RecomputingForwardsProducesTheSameBits) {
  const Trained kept = trained(solo_, *gpu_of_rank(), 3);
  spec_.run.recompute = !spec_.run.recompute;
  expect_equal(kept, trained(solo_, *gpu_of_rank(), 3));
}

// Padding copies values, so only the backward pass differs.
TEST_P(GanStepGpuTest, BothWaysOfReflectionPaddingRepeatTheirBits) {
  const Trained native = trained(solo_, *gpu_of_rank(), 1);
  spec_.run.reflection_padding = ReflectionPadding::kCopies;
  const Trained copies = trained(solo_, *gpu_of_rank(), 1);
  EXPECT_EQ(native.losses, copies.losses);
  expect_equal(copies, trained(solo_, *gpu_of_rank(), 1));
}

TEST_P(GanStepGpuTest, FirstLossesEqualThoseOfTheCpuUpToRounding) {
  const Trained gpu = trained(solo_, *gpu_of_rank(), 1);
  const Trained cpu = trained(solo_, at::kCPU, 1);
  for (const auto& [loss, name] : kLosses) {
    EXPECT_NEAR(gpu.losses[loss], cpu.losses[loss], 1e-3 * (1 + std::abs(cpu.losses[loss])))
        << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Discriminators, GanStepGpuTest,
                         ::testing::Values(DiscriminatorKind::kPatch, DiscriminatorKind::kFastGan));

}  // namespace
}  // namespace scgan::distributed
