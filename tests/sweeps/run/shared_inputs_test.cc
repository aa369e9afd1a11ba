#include "sweeps/run/shared_inputs.h"

#include <ATen/core/Tensor.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "tests/support/temp_dir.h"
#include "tests/sweeps/run/tiny_plan.h"

namespace scgan::sweeps {
namespace {

// Axes change from run to run: each run would load its data anew if only the last were kept.
TEST(SharedInputsTest, RunsThatAlternateLoadTheirDataOnce) {
  const TempDir folder;
  const JobPlan plan = tiny_plan(
      folder.path(), {"sweep.seeds=[0, 1]", "sweep.axes={data.synthetic.effect: [0.5, 1]}"});
  ASSERT_EQ(plan.runs.size(), 4);
  SharedInputs inputs(plan, c10::Device(c10::kCPU), "{}");
  const auto images = [&](size_t run) {
    return inputs.of(plan.runs.at(run).spec).data.train_b.images.const_data_ptr();
  };
  const void* half = images(0);
  const void* whole = images(1);
  EXPECT_NE(half, whole);
  EXPECT_EQ(images(2), half);
  EXPECT_EQ(images(3), whole);
}

TEST(SharedInputsTest, ImagesThatHaveChangedAreRefusedEveryTime) {
  const TempDir folder;
  JobPlan plan = tiny_plan(folder.path());
  SharedInputs inputs(plan, c10::Device(c10::kCPU), "{}");
  RunSpec other = plan.runs.front().spec;
  other.data.digest = "of other images";
  EXPECT_THROW(inputs.of(other), Error);
  EXPECT_THROW(inputs.of(other), Error);
  EXPECT_EQ(inputs.of(plan.runs.front().spec).data.digest, plan.runs.front().spec.data.digest);
}

}  // namespace
}  // namespace scgan::sweeps
