#include "core/model/parameter_arena.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn_like.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/nn/modules.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>
#include <vector>

#include "tests/core/model/module_network.h"

namespace scgan {
namespace {

namespace nn = torch::nn;

using Range = std::pair<int64_t, int64_t>;  // begin, count

// Two layers of 5 x 5 weights and 5 biases in one vector: 32 + 16 + 32 + 16 elements and padding.
class ParameterArenaTest : public ::testing::Test {
 protected:
  at::Tensor loss() { return network_->forward(at::ones({1, 5})).sum(); }

  nn::Sequential network_{nn::Linear(5, 5), nn::Linear(5, 5)};
  testing::ModuleNetwork as_network_{*network_};
  ParameterArena arena_{{{"net", &as_network_}}};
};

TEST_F(ParameterArenaTest, GradientsAreReportedFromTheLastLayerAndCoverTheVector) {
  const at::Tensor flat = arena_.new_gradient();
  std::vector<Range> reported;
  arena_.watch_gradients([&](int64_t begin, int64_t count) {
    if (reported.size() < 2) {  // the first layer's are not known yet
      EXPECT_EQ(flat.narrow(0, 0, 48).count_nonzero().item<int64_t>(), 0);
    }
    reported.emplace_back(begin, count);
  });
  loss().backward();
  ASSERT_EQ(reported.size(), 4);
  std::sort(reported.begin(), reported.begin() + 2);  // within a layer in any order
  std::sort(reported.begin() + 2, reported.end());
  EXPECT_EQ(reported, (std::vector<Range>{{48, 32}, {80, 1024 - 80}, {0, 32}, {32, 16}}));
}

TEST_F(ParameterArenaTest, GradientOfAParameterUsedThreeTimesIsReportedOnceAndComplete) {
  const auto backward_of_three_uses = [this] {
    const at::Tensor first = loss();
    const at::Tensor second = 2 * loss();
    const at::Tensor third = 4 * loss();
    torch::autograd::backward({first + second, third}, {at::ones({}), at::ones({})});
  };
  const at::Tensor expected = arena_.new_gradient();
  backward_of_three_uses();

  const at::Tensor flat = arena_.new_gradient();
  std::vector<int64_t> reported;
  arena_.watch_gradients([&](int64_t begin, int64_t count) {
    reported.push_back(begin);
    EXPECT_TRUE(at::equal(flat.narrow(0, begin, count), expected.narrow(0, begin, count)));
  });
  backward_of_three_uses();
  std::sort(reported.begin(), reported.end());
  EXPECT_EQ(reported, (std::vector<int64_t>{0, 32, 48, 80}));
  EXPECT_EQ(flat[80].item<double>(), 7);  // of the last layer's bias: 1 + 2 + 4
}

TEST_F(ParameterArenaTest, WatchingEndsWithAnEmptyFunction) {
  arena_.new_gradient();
  int64_t calls = 0;
  arena_.watch_gradients([&](int64_t, int64_t) { ++calls; });
  loss().backward();
  arena_.watch_gradients({});
  loss().backward();
  EXPECT_EQ(calls, 4);
}

TEST_F(ParameterArenaTest, BackwardThrowsWhatTheWatcherThrows) {
  arena_.new_gradient();
  arena_.watch_gradients([](int64_t, int64_t) { throw std::out_of_range("watcher"); });
  EXPECT_THROW(loss().backward(), std::out_of_range);
}

// The formula, one operation on whole vectors after the other.
TEST(ParameterArenaAdamTest, TakesTheStepsOfTheFormulaToTheBit) {
  nn::Linear layer(400, 300);  // more elements than LibTorch gives one thread at once
  testing::ModuleNetwork network(*layer);
  const TrainSpec spec;
  const at::NoGradGuard no_grad;
  for (const int threads : {1, 2}) {
    at::set_num_threads(threads);
    ParameterArena arena({{"net", &network}});
    at::Tensor values = arena.values().clone();
    at::Tensor first = at::zeros_like(values);
    at::Tensor second = at::zeros_like(values);
    for (int step = 1; step <= 3; ++step) {
      const at::Tensor gradient = at::randn_like(values);
      const auto factors = arena.next_adam_factors(spec, 1e-3);
      arena.adam_step(gradient, spec, at::tensor(factors).to(values.options()));
      first.mul_(spec.beta1).add_(gradient, 1 - spec.beta1);
      second.mul_(spec.beta2).addcmul_(gradient, gradient, 1 - spec.beta2);
      const at::Tensor root = second.sqrt() / std::sqrt(1 - std::pow(spec.beta2, step));
      values.addcdiv_(first, root + spec.adam_eps, -1e-3 / (1 - std::pow(spec.beta1, step)));
      EXPECT_TRUE(at::equal(arena.first_moments(), first)) << threads << " " << step;
      EXPECT_TRUE(at::equal(arena.second_moments(), second)) << threads << " " << step;
      EXPECT_TRUE(at::equal(arena.values(), values)) << threads << " " << step;
    }
  }
  at::set_num_threads(1);
}

}  // namespace
}  // namespace scgan
