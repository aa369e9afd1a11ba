#include "core/train/gan_step.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/stack.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <future>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/comm/solo_communicator.h"
#include "core/data/dataset_source.h"
#include "core/model/determinism.h"
#include "tests/core/train/small_run.h"
#include "tests/support/thread_communicator.h"

namespace scgan {
namespace {

using testing::on_ranks;
using testing::small_run;

using Snapshot = std::map<std::string, at::Tensor>;

Snapshot snapshot(const TrainState& state) {
  Snapshot all;
  for (const auto& [name, tensor] : state.tensors()) all[name] = tensor.clone();
  return all;
}

void expect_equal(const Snapshot& a, const Snapshot& b) {
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [name, tensor] : a) EXPECT_TRUE(at::equal(tensor, b.at(name))) << name;
}

// Returns the state and the last losses after `steps` steps on this rank.
std::pair<Snapshot, StepLosses> trained(const RunSpec& spec, const Dataset& data,
                                        Communicator& communicator, int64_t steps,
                                        BucketSizes buckets = {}) {
  const DataLoader loader(spec, data);
  TrainState state(spec, at::kCPU);
  GanStep step(spec, state, communicator, {}, buckets);
  StepLosses losses;
  for (int64_t i = 0; i < steps; ++i) losses = step.run(loader.batch(i), 2e-4).get();
  step.collect_discriminators();
  return {snapshot(state), losses};
}

constexpr BucketSizes kSmallBuckets{256, 4096};  // each generator has 40 KB

class GanStepTest : public ::testing::TestWithParam<DiscriminatorKind> {
 protected:
  GanStepTest() { at::set_num_threads(1); }  // more than three change bits

  RunSpec spec_ = small_run(GetParam());
  Dataset data_ = DatasetSource(spec_.data).load();
  SoloCommunicator solo_;
};

TEST_P(GanStepTest, StateAndLossesHaveTheSameBitsAtAnyWorldSize) {
  spec_.model.diffaug = {"color", "translation", "cutout"};
  const auto [expected, expected_losses] = trained(spec_, data_, solo_, 3);
  for (const int ranks : {2, 4}) {
    on_ranks(ranks, [&](Communicator& communicator) {
      const auto [state, losses] = trained(spec_, data_, communicator, 3);
      expect_equal(expected, state);
      EXPECT_EQ(losses, expected_losses);
    });
  }
}

// With up to three threads, each computes parts of its own. With more, some operations of a part
// use several.
TEST_P(GanStepTest, ThreadsComputeTheSameBitsAtAnyWorldSize) {
  spec_.model.diffaug = {"color", "translation", "cutout"};
  spec_.train.micro_batch = 2;
  const auto [of_one, losses_of_one] = trained(spec_, data_, solo_, 2);
  for (const int threads : {2, 3, 9}) {
    at::set_num_threads(threads);
    const auto [expected, expected_losses] = trained(spec_, data_, solo_, 2);
    if (threads <= 3) {
      expect_equal(of_one, expected);
      EXPECT_EQ(losses_of_one, expected_losses);
    }
    on_ranks(
        2,
        [&](Communicator& communicator) {
          const auto [state, losses] = trained(spec_, data_, communicator, 2);
          expect_equal(expected, state);
          EXPECT_EQ(losses, expected_losses);
        },
        threads);
    spec_.run.recompute = true;
    expect_equal(expected, trained(spec_, data_, solo_, 2).first);
    spec_.run.recompute = false;
  }
}

TEST_P(GanStepTest, RecomputingForwardsProducesTheSameBits) {
  const auto [kept, kept_losses] = trained(spec_, data_, solo_, 2);
  spec_.run.recompute = true;
  const auto [redone, redone_losses] = trained(spec_, data_, solo_, 2);
  expect_equal(kept, redone);
  EXPECT_EQ(kept_losses, redone_losses);
}

// With the fill, whatever reads memory that nothing has written reads NaN.
TEST_P(GanStepTest, ReadsNoMemoryThatIsNotWritten) {
  use_deterministic_kernels();
  auto& context = at::globalContext();
  EXPECT_FALSE(context.deterministicFillUninitializedMemory());
  const auto [expected, expected_losses] = trained(spec_, data_, solo_, 2);
  context.setDeterministicFillUninitializedMemory(true);
  ASSERT_TRUE(at::empty({1}).isnan().item<bool>());
  const auto [filled, filled_losses] = trained(spec_, data_, solo_, 2);
  context.setDeterministicFillUninitializedMemory(false);
  context.setDeterministicAlgorithms(false, false);
  expect_equal(expected, filled);
  EXPECT_EQ(expected_losses, filled_losses);
}

TEST_P(GanStepTest, DecodersAreNotComputedWithoutTheirLoss) {
  spec_.loss.lambda_ssl = 0;
  const Snapshot initial = snapshot(TrainState(spec_, at::kCPU));
  const Snapshot after = trained(spec_, data_, solo_, 1).first;
  for (const auto& [name, tensor] : initial) {
    if (!name.starts_with("netD_") || !name.ends_with("_v")) continue;  // each forward moves it
    EXPECT_EQ(at::equal(tensor, after.at(name)), name.find(".decoder_") != std::string::npos)
        << name;
  }
}

// The sum of two numbers does not depend on their order, so allreduce is canonical on two ranks.
TEST_P(GanStepTest, AllReduceOnTwoRanksHasTheBitsOfTheCanonicalSum) {
  const auto [expected, expected_losses] = trained(spec_, data_, solo_, 3);
  spec_.run.reduction = Reduction::kAllReduce;
  for (const bool recompute : {false, true}) {
    spec_.run.recompute = recompute;
    on_ranks(2, [&](Communicator& communicator) {
      const auto [state, losses] = trained(spec_, data_, communicator, 3, kSmallBuckets);
      expect_equal(expected, state);
      EXPECT_EQ(losses, expected_losses);
    });
  }
}

TEST_P(GanStepTest, AllReduceOnFourRanksHasTheSameBitsForAnyBuckets) {
  spec_.run.reduction = Reduction::kAllReduce;
  on_ranks(4, [&](Communicator& communicator) {
    const auto [in_one, in_one_losses] = trained(spec_, data_, communicator, 2);
    const auto [in_many, in_many_losses] = trained(spec_, data_, communicator, 2, kSmallBuckets);
    expect_equal(in_one, in_many);
    EXPECT_EQ(in_one_losses, in_many_losses);
  });
}

// One of two ranks; the other rank does the same. Records which parameters have no gradient yet
// when a bucket is sent.
class RecordingCommunicator final : public Communicator {
 public:
  explicit RecordingCommunicator(const TrainState& state) : Communicator(0, 2), state_(state) {}

  void all_gather(const at::Tensor& mine, at::Tensor& all) override {
    all.copy_(at::stack({mine, mine}).view(all.sizes()));
  }
  void all_to_all(const at::Tensor& shards, at::Tensor& mine) override { mine.copy_(shards); }
  void broadcast(at::Tensor& tensor, int root) override {
    if (root != rank()) tensor.zero_();
  }
  void all_reduce_sum(at::Tensor& tensor) override {
    offsets.push_back(tensor.storage_offset());
    std::vector<std::string> names;
    for (const auto& [prefix, network] :
         {std::pair{"netG_A.", state_.netG_A.get()}, std::pair{"netG_B.", state_.netG_B.get()}}) {
      for (const auto& [name, parameter] : network->parameters()) {
        if (parameter.grad().count_nonzero().item<int64_t>() == 0) {
          names.push_back(prefix + name);
        }
      }
    }
    without_gradient.push_back(names);
  }
  void abort(const std::string&) override { throw std::logic_error("unused"); }
  std::future<void> run_async(std::function<void()> work) override {
    work();  // at once, as if queued on a GPU stream
    return std::async(std::launch::deferred, [] {});
  }

  std::vector<int64_t> offsets;
  std::vector<std::vector<std::string>> without_gradient;  // per bucket

 private:
  const TrainState& state_;
};

TEST_P(GanStepTest, AllReduceBeginsBeforeTheBackwardPassHasEnded) {
  spec_.run.reduction = Reduction::kAllReduce;
  for (const bool recompute : {false, true}) {
    spec_.run.recompute = recompute;
    spec_.train.micro_batch = 2;  // a rank's first micro-batch is also its last
    TrainState state(spec_, at::kCPU);
    RecordingCommunicator communicator(state);
    GanStep(spec_, state, communicator, {}, kSmallBuckets)
        .run(DataLoader(spec_, data_).batch(0), 2e-4);
    ASSERT_GT(communicator.offsets.size(), 4);
    EXPECT_TRUE(std::ranges::is_sorted(communicator.offsets, std::ranges::greater()));
    const auto& missing = communicator.without_gradient;
    for (const char* first_layer : {"netG_A.model.1.weight", "netG_B.model.1.weight"}) {
      EXPECT_EQ(std::ranges::count(missing.front(), first_layer), 1) << first_layer;
      EXPECT_EQ(std::ranges::count(missing.back(), first_layer), 0) << first_layer;
    }
  }
}

TEST_P(GanStepTest, EveryParameterLearns) {
  TrainState state(spec_, at::kCPU);
  const Snapshot before = snapshot(state);
  GanStep(spec_, state, solo_).run(DataLoader(spec_, data_).batch(0), 2e-4);
  for (const auto& [name, tensor] : snapshot(state)) {
    // The vector u of a convolution with one output channel is always +1 or -1.
    if (name.starts_with("net") && name.find("weight") != std::string::npos &&
        !name.ends_with("weight_u")) {
      EXPECT_FALSE(at::equal(tensor, before.at(name))) << name;  // includes the decoders
    }
  }
  EXPECT_EQ(state.step, 1);
}

TEST_P(GanStepTest, LearningRateZeroDoesNotChangeWeights) {
  TrainState state(spec_, at::kCPU);
  const at::Tensor before = state.generators.values().clone();
  GanStep(spec_, state, solo_).run(DataLoader(spec_, data_).batch(0), 0);
  EXPECT_TRUE(at::equal(state.generators.values(), before));
}

TEST_P(GanStepTest, SelfSupervisedLossExistsForFastGanOnly) {
  TrainState state(spec_, at::kCPU);
  const auto losses =
      GanStep(spec_, state, solo_).run(DataLoader(spec_, data_).batch(0), 2e-4).get();
  if (GetParam() == DiscriminatorKind::kFastGan) {
    EXPECT_GT(losses[Loss::kSslA], 0);
    EXPECT_GT(losses[Loss::kSslB], 0);
  } else {
    EXPECT_EQ(losses[Loss::kSslA], 0);
  }
}

TEST_P(GanStepTest, DiscriminatorsFirstChangesTheGeneratorsAdversarialLoss) {
  const Batch batch = DataLoader(spec_, data_).batch(0);
  TrainState g_first(spec_, at::kCPU);
  const StepLosses usual = GanStep(spec_, g_first, solo_).run(batch, 2e-4).get();
  spec_.train.order = UpdateOrder::kDiscriminatorsFirst;
  TrainState d_first(spec_, at::kCPU);
  const StepLosses other = GanStep(spec_, d_first, solo_).run(batch, 2e-4).get();
  EXPECT_EQ(usual[Loss::kCycleA], other[Loss::kCycleA]);
  EXPECT_NE(usual[Loss::kGAdvA], other[Loss::kGAdvA]);
  if (GetParam() == DiscriminatorKind::kPatch) {
    EXPECT_EQ(usual[Loss::kDA], other[Loss::kDA]);
    // The generators' term is the loss of the same fakes with the updated discriminator.
    TrainState fakes(spec_, at::kCPU);
    const at::Tensor logits = d_first.netD_A.network->logits(fakes.netG_A->forward(batch.a));
    EXPECT_NEAR((logits - 1).square().mean().item<double>(), other[Loss::kGAdvA], 1e-5);
  }
  const auto [expected, losses] = trained(spec_, data_, solo_, 2);
  on_ranks(2, [&](Communicator& communicator) {
    expect_equal(expected, trained(spec_, data_, communicator, 2).first);
  });
}

TEST_P(GanStepTest, Bfloat16HasTheSameBitsAtAnyWorldSize) {
  spec_.model.diffaug = {"color", "translation", "cutout"};
  const auto [single, single_losses] = trained(spec_, data_, solo_, 1);
  spec_.train.precision = Precision::kBf16;
  const auto [first, first_losses] = trained(spec_, data_, solo_, 1);
  for (const auto& [loss, name] : kLosses) {
    const double expected = single_losses[loss];
    EXPECT_NEAR(first_losses[loss], expected, 0.05 * expected) << name;
  }
  EXPECT_NE(first_losses, single_losses);
  const auto [expected, expected_losses] = trained(spec_, data_, solo_, 3);
  for (const auto& [name, tensor] : expected) {
    EXPECT_NE(tensor.scalar_type(), at::kBFloat16) << name;
  }
  for (const int ranks : {2, 4}) {
    on_ranks(ranks, [&](Communicator& communicator) {
      const auto [state, losses] = trained(spec_, data_, communicator, 3);
      expect_equal(expected, state);
      EXPECT_EQ(losses, expected_losses);
    });
  }
}

TEST_P(GanStepTest, DoublePrecisionIsDoubleThroughout) {
  spec_.model.diffaug = {"color", "translation", "cutout"};
  const auto [single, single_losses] = trained(spec_, data_, solo_, 1);
  spec_.train.precision = Precision::kFp64;
  const auto [exact, exact_losses] = trained(spec_, data_, solo_, 1);
  for (const auto& [name, tensor] : exact) {
    const bool counts = name.ends_with("num_batches_tracked");
    EXPECT_EQ(tensor.scalar_type(), counts ? at::kLong : at::kDouble) << name;
  }
  for (const auto& [loss, name] : kLosses) {
    const double exact_value = exact_losses[loss];
    const double single_value = single_losses[loss];
    EXPECT_NEAR(exact_value, single_value, 1e-5 * (1 + single_value)) << name;
    EXPECT_EQ(exact_value == single_value, exact_value == 0) << name;
  }
  on_ranks(2, [&](Communicator& communicator) {
    expect_equal(exact, trained(spec_, data_, communicator, 1).first);
  });
}

TEST_P(GanStepTest, SelfSupervisedLossWarmsUp) {
  if (GetParam() == DiscriminatorKind::kPatch) GTEST_SKIP() << "has no such loss";
  const auto ssl_of_first_step = [&] {
    TrainState state(spec_, at::kCPU);
    return GanStep(spec_, state, solo_)
        .run(DataLoader(spec_, data_).batch(0), 2e-4)
        .get()[Loss::kSslA];
  };
  const double full = ssl_of_first_step();
  spec_.loss.ssl_warmup_steps = 4;
  EXPECT_NEAR(ssl_of_first_step(), full / 4, 1e-6 * full);
}

// The generators' gradient, from micro-batches and the detached adversarial gradient, equals that
// of the published objective, which autograd computes as a whole: an independent way to the same
// numbers. One pass has the adversarial terms alone, which the other terms would hide.
TEST_P(GanStepTest, GeneratorGradientIsThatOfTheWholeObjective) {
  // With the same kernels, only the mathematics can differ.
  spec_.train.micro_batch = spec_.train.batch_size;
  for (const double lambda : {10.0, 0.0}) {
    spec_.loss.lambda_a = spec_.loss.lambda_b = lambda;
    const Batch batch = DataLoader(spec_, data_).batch(0);
    TrainState whole(spec_, at::kCPU);
    const at::Tensor expected = whole.generators.new_gradient();
    const at::Tensor fake_b = whole.netG_A->forward(batch.a);
    const at::Tensor fake_a = whole.netG_B->forward(batch.b);
    const auto distance = [](const at::Tensor& x, const at::Tensor& y) {
      return (x - y).abs().mean();
    };
    const at::Tensor objective = (whole.netD_A.network->logits(fake_b) - 1).square().mean() +
                                 (whole.netD_B.network->logits(fake_a) - 1).square().mean() +
                                 lambda * distance(whole.netG_B->forward(fake_b), batch.a) +
                                 lambda * distance(whole.netG_A->forward(fake_a), batch.b) +
                                 lambda / 2 * distance(whole.netG_B->forward(batch.a), batch.a) +
                                 lambda / 2 * distance(whole.netG_A->forward(batch.b), batch.b);
    objective.backward();

    TrainState parts(spec_, at::kCPU);
    const StepLosses losses = GanStep(spec_, parts, solo_).run(batch, 0).get();
    // Adam's first moment after one step is (1 - beta1) times the gradient.
    const at::Tensor gradient = parts.generators.first_moments() / (1 - spec_.train.beta1);
    EXPECT_LT((gradient - expected).norm().item<double>() / expected.norm().item<double>(), 1e-4)
        << "cycle weight " << lambda;
    const double sum = losses[Loss::kGAdvA] + losses[Loss::kGAdvB] + losses[Loss::kCycleA] +
                       losses[Loss::kCycleB] + losses[Loss::kIdentityA] + losses[Loss::kIdentityB];
    EXPECT_NEAR(sum, objective.item<double>(), 1e-4 * sum);
  }
}

INSTANTIATE_TEST_SUITE_P(Discriminators, GanStepTest,
                         ::testing::Values(DiscriminatorKind::kPatch, DiscriminatorKind::kFastGan),
                         [](const auto& test) {
                           return test.param == DiscriminatorKind::kPatch ? "Patch" : "FastGan";
                         });

}  // namespace
}  // namespace scgan
