// On a GPU: a training step that is recorded as a CUDA graph has the bits of one that is not, and a
// recording that fails leaves the GPU as it was.
#include "distributed/gpu_graph.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <gtest/gtest.h>
#include <mpi.h>

#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "core/comm/solo_communicator.h"
#include "core/data/dataset_source.h"
#include "core/model/determinism.h"
#include "core/train/gan_step.h"
#include "tests/core/train/small_run.h"
#include "tests/distributed/gpu_of_rank.h"
#include "tests/distributed/stand_in_counts.h"

namespace scgan::distributed {
namespace {

TEST(GpuGraphTest, WorkIsRepeatedWithWhatItsMemoryHolds) {
  const auto gpu = gpu_of_rank();
  if (!gpu) GTEST_SKIP() << "this machine has no GPU";
  const at::Tensor given = at::ones({4}, *gpu);
  at::Tensor kept;
  const auto repeat = gpu_recorder(*gpu)([&] { kept = given.mul(2).add_(1); });
  for (const double number : {1.0, 5.0}) {
    given.fill_(number);
    repeat();
    EXPECT_EQ(kept.sum().item<double>(), 4 * (2 * number + 1));
  }
}

TEST(GpuGraphTest, AFailedRecordingChangesNothing) {
  const auto gpu = gpu_of_rank();
  if (!gpu) GTEST_SKIP() << "this machine has no GPU";
  const at::Tensor given = at::ones({4}, *gpu);
  const WorkRecorder recorder = gpu_recorder(*gpu);
  EXPECT_THROW(recorder([&] { given.add_(1).sum().item<float>(); }), std::exception);
  EXPECT_THROW(recorder([&] {
                 given.add_(1);
                 throw std::runtime_error("of the work");
               }),
               std::runtime_error);
  EXPECT_EQ(given.sum().item<float>(), 4);
  at::Tensor sum;
  const auto repeat = recorder([&] { sum = given.add_(1).sum(); });
  repeat();
  EXPECT_EQ(sum.item<float>(), 8);
}

TEST(GpuGraphTest, ACpuHasNoRecorder) { EXPECT_FALSE(gpu_recorder(at::kCPU)); }

int world_rank() {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank;
}

struct GraphCase {
  const char* name;
  DiscriminatorKind discriminator;
  std::vector<std::string> diffaug;
  bool recompute;
  Precision precision = Precision::kFp32;
};

class GraphOfStepTest : public ::testing::TestWithParam<GraphCase> {
 protected:
  struct Trained {
    std::map<std::string, at::Tensor> tensors;  // on the CPU
    std::vector<StepLosses> losses;
  };

  // The pools fill and the learning rate falls while the recorded step is repeated.
  Trained trained(bool cuda_graph) {
    spec_.run.cuda_graph = cuda_graph;
    const DataLoader loader(spec_, data_, gpu_, int64_t{1} << 30);
    TrainState state(spec_, gpu_);
    int recorded = 0;
    const WorkRecorder recorder = [&](const std::function<void()>& work) {
      ++recorded;
      return gpu_recorder(gpu_)(work);
    };
    GanStep step(spec_, state, solo_, recorder);
    Trained result;
    std::optional<PendingLosses> losses;
    std::optional<stand_in::Counts> before;
    for (int64_t i = 0; i < kSteps; ++i) {
      if (i == kFirstCounted && counts_of_stand_in() != nullptr) before = counted();
      PendingLosses next = step.run(loader.batch(i), 1e-3 / static_cast<double>(i + 1));
      if (losses) result.losses.push_back(losses->get());
      losses.emplace(std::move(next));
    }
    if (before) {
      const stand_in::Counts made = counted_since(*before);
      EXPECT_EQ(made.synchronisations, 0);
      EXPECT_EQ(made.pageable_copies, 0);
      EXPECT_EQ(made.event_waits, kSteps - kFirstCounted);
      if (cuda_graph) {
        EXPECT_LT(made.operations, 60 * (kSteps - kFirstCounted));
      }
    }
    result.losses.push_back(losses->get());
    EXPECT_EQ(recorded, cuda_graph ? 1 : 0);
    for (const auto& [name, tensor] : state.tensors()) {
      result.tensors[name] = tensor.cpu().clone();
    }
    return result;
  }

  static constexpr int64_t kSteps = 8, kFirstCounted = 5;
  c10::Device gpu_{at::kCPU};
  RunSpec spec_;
  Dataset data_;
  SoloCommunicator solo_;
};

TEST_P(GraphOfStepTest, ARecordedStepHasTheBitsOfAUsualOneAndOnlyQueuesItsWork) {
  const auto gpu = gpu_of_rank();
  if (!gpu) GTEST_SKIP() << "this machine has no GPU";
  if (world_rank() != 0) GTEST_SKIP() << "a run of one rank";
  gpu_ = *gpu;
  make_deterministic(1);
  spec_ = testing::small_run(GetParam().discriminator);
  spec_.model.diffaug = GetParam().diffaug;
  spec_.train.precision = GetParam().precision;
  spec_.run.recompute = GetParam().recompute;
  spec_.train.ema_decay = 0.9;
  spec_.train.micro_batch = 2;
  spec_.train.pool_size = 22;  // full in the middle of the sixth batch of 4
  spec_.loss.ssl_warmup_steps = 20;
  data_ = DatasetSource(spec_.data).load();
  const Trained usual = trained(false);
  const Trained recorded = trained(true);
  EXPECT_EQ(recorded.losses, usual.losses);
  ASSERT_EQ(recorded.tensors.size(), usual.tensors.size());
  for (const auto& [name, tensor] : usual.tensors) {
    EXPECT_TRUE(at::equal(tensor, recorded.tensors.at(name))) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Models, GraphOfStepTest,
    ::testing::Values(
        GraphCase{"cyclegan", DiscriminatorKind::kPatch, {}, false},
        GraphCase{"diffaug", DiscriminatorKind::kPatch, {"color", "translation", "cutout"}, false},
        GraphCase{"scgan", DiscriminatorKind::kFastGan, {}, false},
        GraphCase{"recompute", DiscriminatorKind::kPatch, {}, true},
        GraphCase{"bf16", DiscriminatorKind::kPatch, {}, false, Precision::kBf16}),
    [](const auto& tried) { return tried.param.name; });

}  // namespace
}  // namespace scgan::distributed
