// On a GPU: what reads the numbers of a step from the GPU's memory has the bits of the CPU, which
// receives them as arguments.
#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <array>
#include <utility>

#include "core/model/determinism.h"
#include "core/model/part_window.h"
#include "core/train/image_pool.h"
#include "tests/distributed/gpu_of_rank.h"

namespace scgan::distributed {
namespace {

at::Tensor waves(at::IntArrayRef shape, double from = 0) {
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  return at::sin(at::arange(count, at::kFloat).add(from)).view(shape);
}

class StepInputsGpuTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!gpu_of_rank()) GTEST_SKIP() << "this machine has no GPU";
    make_deterministic(1);
    gpu_ = *gpu_of_rank();
  }
  c10::Device gpu_{at::kCPU};
};

// The pools fill in the middle of a batch, are smaller than one, and swap an image twice in a step.
TEST_F(StepInputsGpuTest, ImagePoolsShowAndStoreTheImagesOfTheCpu) {
  for (const int64_t capacity : {2, 6}) {
    ImagePool on_cpu(capacity, 5, Purpose::kPoolA);
    ImagePool on_gpu(capacity, 5, Purpose::kPoolA);
    constexpr int64_t kBatch = 4;
    bool any_old = false;
    for (int64_t step = 0; step < 12; ++step) {
      const at::Tensor fakes = waves({kBatch, 3, 2, 2}, static_cast<double>(step));
      const at::Tensor moves = at::empty({on_cpu.move_count(kBatch)}, at::kLong);
      on_cpu.decide(step, kBatch, moves.mutable_data_ptr<int64_t>());
      const at::Tensor expected = on_cpu.query(fakes, moves);
      on_gpu.decide(step, kBatch, moves.mutable_data_ptr<int64_t>());
      const at::Tensor shown = on_gpu.query(fakes.to(gpu_), moves.to(gpu_));
      EXPECT_TRUE(at::equal(shown.cpu(), expected)) << "step " << step;
      EXPECT_TRUE(at::equal(on_gpu.images().cpu(), on_cpu.images())) << "step " << step;
      any_old |= !at::equal(expected, fakes);
    }
    EXPECT_TRUE(any_old);
    EXPECT_EQ(on_gpu.images().size(0), capacity);
  }
}

TEST_F(StepInputsGpuTest, WindowsHaveTheContentAndTheGradientOfTheCpu) {
  for (const int64_t size : {2, 4, 8, 16}) {
    for (const auto& [y, x] : {std::pair<int64_t, int64_t>{0, 16 - size}, {(16 - size) / 2, 0}}) {
      const auto cut = [&](const PartWindow& window, c10::Device device) {
        const at::Tensor maps = waves({2, 5, 16, 16}).to(device).requires_grad_(true);
        const at::Tensor seen = map_window(maps, window, size);
        seen.backward(waves(seen.sizes(), 9).to(device));
        const at::Tensor target = image_window(waves({2, 3, 64, 64}).to(device), window, size);
        return std::array<at::Tensor, 3>{seen.detach().cpu(), maps.grad().cpu(), target.cpu()};
      };
      const auto expected = cut({y, x}, at::kCPU);
      // The numbers would cut somewhere else.
      const auto found = cut({16 - size - y, 16 - size - x, at::tensor({y, x}).to(gpu_)}, gpu_);
      for (size_t i = 0; i < expected.size(); ++i) {
        EXPECT_TRUE(at::equal(found.at(i), expected.at(i))) << "size " << size << ", tensor " << i;
      }
    }
  }
}

}  // namespace
}  // namespace scgan::distributed
