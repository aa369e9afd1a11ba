#include "core/train/divergence_check.h"

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "core/base/error.h"
#include "core/data/dataset_source.h"
#include "core/train/gan_step.h"
#include "tests/core/train/small_run.h"
#include "tests/support/temp_dir.h"
#include "tests/support/thread_communicator.h"

namespace scgan {
namespace {

using ::testing::HasSubstr;
using testing::on_ranks;
using testing::small_run;

class DivergenceCheckTest : public ::testing::Test {
 protected:
  DivergenceCheckTest() { at::set_num_threads(1); }

  // Applies `harm` on each of four ranks, then runs the check. Returns the error text of rank 0, or
  // "" if the check passes.
  std::string verdict(const std::function<void(TrainState&, int rank)>& harm) {
    std::string text;
    on_ranks(4, [&](Communicator& communicator) {
      TrainState state(spec_, at::kCPU);
      GanStep step(spec_, state, communicator);
      step.run(DataLoader(spec_, data_).batch(0), 2e-4);
      const at::NoGradGuard no_grad;
      harm(state, communicator.rank());
      try {
        require_equal_states(state, communicator);
      } catch (const Error& problem) {
        EXPECT_EQ(problem.kind(), ErrorKind::kDevice);
        if (communicator.rank() == 0) text = problem.what();
        return;
      }
      EXPECT_EQ(text, "") << "rank " << communicator.rank() << " did not throw";
    });
    return text;
  }

  static at::Tensor tensor_of(TrainState& state, const std::string& name) {
    for (const auto& [key, tensor] : state.tensors()) {
      if (key == name) return tensor;
    }
    throw std::runtime_error("no tensor " + name);
  }

  RunSpec spec_ = small_run(DiscriminatorKind::kFastGan);
  Dataset data_ = DatasetSource(spec_.data).load();
};

TEST_F(DivergenceCheckTest, TrainedRanksAreEqualAlthoughEachHoldsOneDiscriminator) {
  EXPECT_EQ(verdict([](TrainState&, int) {}), "");
}

TEST_F(DivergenceCheckTest, OneChangedBitIsNamedWithTensorRankAndStep) {
  const auto flip = [](const std::string& name, int culprit) {
    return [=](TrainState& state, int rank) {
      if (rank == culprit) tensor_of(state, name).view(at::kInt).flatten()[0].bitwise_xor_(1);
    };
  };
  EXPECT_THAT(verdict(flip("netG_B.model.1.weight", 2)),
              AllOf(HasSubstr("netG_B.model.1.weight differs on rank 2 at step 1")));
  EXPECT_THAT(verdict(flip("adam.second.netG_A.model.4.bias", 1)),
              HasSubstr("adam.second.netG_A.model.4.bias differs on rank 1"));
  EXPECT_THAT(verdict(flip("netD_A.rf_small.weight_v", 2)),
              HasSubstr("netD_A.rf_small.weight_v differs on rank 2"));
  EXPECT_THAT(verdict(flip("pool_B", 3)), HasSubstr("pool_B differs on rank 3"));
  // Rank 1 does not hold netD_A: its copy is out of date and is never used.
  EXPECT_EQ(verdict(flip("netD_A.rf_small.weight_v", 1)), "");
}

TEST_F(DivergenceCheckTest, ExchangedValuesAreADifference) {
  const auto exchange = [](TrainState& state, int rank) {
    if (rank != 3) return;
    const at::Tensor weights = tensor_of(state, "netG_A.model.1.weight").flatten();
    const at::Tensor first = weights[0].clone();
    weights[0].copy_(weights[1]);
    weights[1].copy_(first);
  };
  EXPECT_THAT(verdict(exchange), HasSubstr("netG_A.model.1.weight differs on rank 3"));
}

TEST_F(DivergenceCheckTest, ARankAtAnotherStepIsNamed) {
  EXPECT_THAT(verdict([](TrainState& state, int rank) {
                if (rank == 3) ++state.step;
              }),
              HasSubstr("the step differs on rank 3"));
}

}  // namespace
}  // namespace scgan
