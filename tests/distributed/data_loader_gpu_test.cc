// On a GPU: batches have the bits of those on the CPU, wherever they are cut.
#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <limits>

#include "core/data/data_loader.h"
#include "core/data/dataset_source.h"
#include "tests/core/train/small_run.h"
#include "tests/distributed/gpu_of_rank.h"

namespace scgan::distributed {
namespace {

constexpr int64_t kAll = std::numeric_limits<int64_t>::max();

TEST(DataLoaderGpuTest, BatchesHaveTheBitsOfTheCpu) {
  const auto gpu = gpu_of_rank();
  if (!gpu) GTEST_SKIP() << "this machine has no GPU";
  RunSpec spec = testing::small_run(DiscriminatorKind::kPatch);
  spec.data.percentage = 70;
  Dataset data = DatasetSource(spec.data).load();
  for (const auto type : {at::kByte, at::kFloat}) {
    for (ImageSet* set : {&data.train_a, &data.train_b}) {
      set->images = set->images.to(type);
      if (type == at::kFloat) set->images.mul_(0.997);
    }
    const DataLoader on_cpu(spec, data);
    const DataLoader from_copies(spec, data, *gpu, kAll);
    const DataLoader from_host(spec, data, *gpu, 0);
    for (int64_t step = 0; step < 8; ++step) {
      const Batch expected = on_cpu.batch(step);
      for (const DataLoader* loader : {&from_copies, &from_host}) {
        const Batch batch = loader->batch(step);
        EXPECT_EQ(batch.a.device(), *gpu);
        EXPECT_TRUE(at::equal(batch.a.cpu(), expected.a)) << "step " << step;
        EXPECT_TRUE(at::equal(batch.b.cpu(), expected.b)) << "step " << step;
      }
    }
  }
}

}  // namespace
}  // namespace scgan::distributed
