// What a training step asks of the GPU's driver, as the stand-in for a GPU counts it: a step that
// waits for the GPU, or copies from memory that is not page-locked, leaves the GPU idle.
#include <ATen/core/Tensor.h>
#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/comm/solo_communicator.h"
#include "core/data/dataset_source.h"
#include "core/model/determinism.h"
#include "core/train/gan_step.h"
#include "distributed/communicator_factory.h"
#include "distributed/gpu.h"
#include "tests/core/train/small_run.h"
#include "tests/distributed/gpu_of_rank.h"
#include "tests/distributed/stand_in_counts.h"

namespace scgan::distributed {
namespace {

using stand_in::Counts;

struct Case {
  const char* name;
  DiscriminatorKind discriminator;
  std::vector<std::string> diffaug;
  int64_t gpu_bytes;  // for the images
  // Whether all ranks train one run.
  bool together = false;
  Reduction reduction = Reduction::kCanonical;
};

class StepCallsTest : public ::testing::TestWithParam<Case> {};

TEST_P(StepCallsTest, AStepOnlyQueuesItsWork) {
  const auto gpu = gpu_of_rank();
  if (!gpu || counts_of_stand_in() == nullptr) GTEST_SKIP() << "only the stand-in counts calls";
  make_deterministic(1);
  RunSpec spec = testing::small_run(GetParam().discriminator);
  spec.model.diffaug = GetParam().diffaug;
  spec.run.reduction = GetParam().reduction;
  const Dataset data = DatasetSource(spec.data).load();
  const DataLoader loader(spec, data, *gpu, GetParam().gpu_bytes);
  std::unique_ptr<Communicator> group = std::make_unique<SoloCommunicator>();
  if (GetParam().together) group = make_communicator(duplicate(MPI_COMM_WORLD), *gpu, 60);
  if (GetParam().together && group->size() == 1) GTEST_SKIP() << "needs 2 or more ranks";
  TrainState state(spec, *gpu);
  GanStep step(spec, state, *group);
  std::optional<PendingLosses> losses;
  Counts before;
  constexpr int64_t kWarmUp = 3;  // fills LibTorch's caches of memory and the image pools
  constexpr int64_t kCounted = 2;
  for (int64_t i = 0; i < kWarmUp + kCounted; ++i) {
    if (i == kWarmUp) before = counted();
    PendingLosses next = step.run(loader.batch(i), 2e-4);
    if (losses) losses->get();
    losses.emplace(std::move(next));
  }
  const Counts steps = counted_since(before);
  EXPECT_EQ(steps.synchronisations, 0);
  EXPECT_EQ(steps.pageable_copies, 0);
  EXPECT_EQ(steps.event_waits, kCounted) << "one for the losses of each step";
  RecordProperty("operations_per_step", std::to_string(steps.operations / kCounted));
}

const std::vector<std::string> kPolicy{"color", "translation", "cutout"};
constexpr int64_t kImagesOnGpu = std::numeric_limits<int64_t>::max();

INSTANTIATE_TEST_SUITE_P(
    Models, StepCallsTest,
    ::testing::Values(Case{"cyclegan", DiscriminatorKind::kPatch, {}, kImagesOnGpu},
                      Case{"diffaug", DiscriminatorKind::kPatch, kPolicy, kImagesOnGpu},
                      Case{"scgan", DiscriminatorKind::kFastGan, {}, kImagesOnGpu},
                      Case{"large_data", DiscriminatorKind::kPatch, kPolicy, 0},
                      Case{"two_ranks", DiscriminatorKind::kFastGan, kPolicy, kImagesOnGpu, true},
                      Case{"two_ranks_allreduce", DiscriminatorKind::kPatch, kPolicy, kImagesOnGpu,
                           true, Reduction::kAllReduce}),
    [](const auto& tried) { return tried.param.name; });

// The number of operations must not grow with the batch.
TEST(AugmentCallsTest, OneCallAugmentsTheWholeBatch) {
  const auto gpu = gpu_of_rank();
  if (!gpu || counts_of_stand_in() == nullptr) GTEST_SKIP() << "only the stand-in counts calls";
  const auto operations = [&](int64_t images) {
    const at::Tensor batch =
        at::ones({images, 3, 16, 16}, at::TensorOptions(*gpu)).requires_grad_(true);
    const AugmentDraws draws(at::ones({AugmentDraws::kColors * images}, batch.device()),
                             at::ones({AugmentDraws::kPlaces * images},
                                      at::TensorOptions(at::kLong).device(batch.device())));
    const Counts before = counted();
    diff_augment(batch, kPolicy, draws, AugmentSite::kRealA).sum().backward();
    return counted_since(before).operations;
  };
  EXPECT_EQ(operations(8), operations(2));
}

}  // namespace
}  // namespace scgan::distributed
