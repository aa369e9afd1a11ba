// On a GPU the Trainer reads the losses of a step late; the observer must not notice more of it
// than core/train/trainer.h says.
#include "core/train/trainer.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/full_like.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/comm/solo_communicator.h"
#include "core/data/dataset_source.h"
#include "core/model/determinism.h"
#include "tests/core/train/small_run.h"
#include "tests/distributed/gpu_of_rank.h"
#include "tests/support/temp_dir.h"

namespace scgan::distributed {
namespace {

// Requests checkpoints and a stop at fixed step boundaries. Records every call.
class RecordingObserver final : public TrainObserver {
 public:
  explicit RecordingObserver(int64_t stop_at) : stop_at_(stop_at) {}

  std::vector<int64_t> reported;
  std::vector<StepLosses> losses;
  // The number of reported steps at each checkpoint.
  std::vector<size_t> reported_before_checkpoint;

  void step_done(const StepReport& report) override {
    reported.push_back(report.step);
    losses.push_back(report.losses);
  }
  BoundaryRequests at_boundary() override {
    const int64_t step = boundaries_++;
    return {.stop = step == stop_at_, .checkpoint = step == 2};
  }
  void before_checkpoint() override { reported_before_checkpoint.push_back(reported.size()); }
  void write_samples(const TrainState&) override {}
  double score(const TrainState&, Communicator&) override { return 0; }

 private:
  int64_t stop_at_;
  int64_t boundaries_ = 0;
};

class TrainerGpuTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!gpu_of_rank()) GTEST_SKIP() << "this machine has no GPU";
    make_deterministic(1);
    spec_.train.steps = 5;
  }

  Trainer trainer_of(const DataLoader& loader) {
    return {spec_, "0123456789abcdef", loader, solo_, *gpu_of_rank(), folder_.path()};
  }

  RunSpec spec_ = testing::small_run(DiscriminatorKind::kPatch);
  Dataset data_ = DatasetSource(spec_.data).load();
  SoloCommunicator solo_;
  TempDir folder_;
};

TEST_F(TrainerGpuTest, EveryStepIsReportedOnceAndBeforeACheckpoint) {
  const DataLoader loader(spec_, data_, *gpu_of_rank());
  RecordingObserver whole(-1);
  trainer_of(loader).train(whole);
  EXPECT_EQ(whole.reported, (std::vector<int64_t>{1, 2, 3, 4, 5}));
  EXPECT_EQ(whole.reported_before_checkpoint, (std::vector<size_t>{2, 5}));

  const TempDir other;
  RecordingObserver first(3), rest(-1);
  Trainer begun(spec_, "0123456789abcdef", loader, solo_, *gpu_of_rank(), other.path());
  EXPECT_EQ(begun.train(first), TrainOutcome::kStopped);
  EXPECT_EQ(first.reported, (std::vector<int64_t>{1, 2, 3}));
  Trainer resumed(spec_, "0123456789abcdef", loader, solo_, *gpu_of_rank(), other.path());
  EXPECT_EQ(resumed.resume(), 3);
  resumed.train(rest);
  EXPECT_EQ(rest.reported, (std::vector<int64_t>{4, 5}));
  EXPECT_EQ(rest.losses.back(), whole.losses.back());
}

TEST_F(TrainerGpuTest, ALossThatIsNotFiniteIsReportedWithItsStep) {
  data_.train_a.images = at::full_like(data_.train_a.images, std::nan(""), at::kFloat);
  const DataLoader loader(spec_, data_, *gpu_of_rank());
  RecordingObserver observer(-1);
  Trainer failing = trainer_of(loader);
  try {
    failing.train(observer);
    FAIL() << "a NaN was not detected";
  } catch (const Error& problem) {
    EXPECT_EQ(problem.kind(), ErrorKind::kNonFinite);
    EXPECT_NE(std::string(problem.what()).find("step 1"), std::string::npos) << problem.what();
  }
  EXPECT_EQ(failing.last_step().step, 1);
  EXPECT_TRUE(observer.reported.empty());
}

}  // namespace
}  // namespace scgan::distributed
