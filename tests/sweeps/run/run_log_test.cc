#include "sweeps/run/run_log.h"

#include <gtest/gtest.h>

#include <fstream>

#include "core/base/atomic_file.h"
#include "tests/support/temp_dir.h"

namespace scgan::sweeps {
namespace {

StepReport report(int64_t step) {
  StepReport report;
  report.step = step;
  report.epoch = 1;
  report.learning_rate = 2e-4;
  report.losses[Loss::kCycleA] = 0.1 * static_cast<double>(step);
  return report;
}

void write_steps(RunLog& log, int64_t first, int64_t last) {
  for (int64_t step = first; step <= last; ++step) log.add(report(step));
  log.flush();
}

TEST(RunLogTest, InterruptedLogEqualsTheUninterruptedOne) {
  const TempDir folder;
  {
    RunLog whole(folder.path() / "whole", 0);
    write_steps(whole, 1, 6);
  }
  {
    RunLog first(folder.path() / "cut", 0);
    write_steps(first, 1, 5);  // the checkpoint was at step 3
  }
  std::ofstream(folder.path() / "cut", std::ios::app)
      << R"({"step":6,"epo)";  // killed while writing
  {
    RunLog resumed(folder.path() / "cut", 3);
    write_steps(resumed, 4, 6);
  }
  EXPECT_EQ(read_file(folder.path() / "cut"), read_file(folder.path() / "whole"));
}

TEST(RunLogTest, LineIsOneJsonObject) {
  const TempDir folder;
  RunLog log(folder.path() / "log", 0);
  write_steps(log, 1, 1);
  EXPECT_EQ(read_file(folder.path() / "log"),
            "{\"step\":1,\"epoch\":1,\"learning_rate\":0.0002,\"g_adv_a\":0,\"g_adv_b\":0,\"cycle_"
            "a\":0.1,"
            "\"cycle_b\":0,\"identity_a\":0,\"identity_b\":0,\"d_a\":0,\"d_b\":0,\"ssl_a\":0,\"ssl_"
            "b\":0}\n");
}

TEST(RunLogTest, ReturnsTheLossesOfWantedSteps) {
  const TempDir folder;
  RunLog log(folder.path() / "log", 0);
  write_steps(log, 1, 6);
  const auto points =
      logged_losses(folder.path() / "log", [](int64_t step) { return step % 3 == 0; });
  ASSERT_EQ(points.size(), 2 * kLosses.size());
  EXPECT_EQ(points.front().step, 3);
  EXPECT_EQ(points.back().step, 6);
  for (const auto& [step, name, value] : points) {
    EXPECT_EQ(value, name == "cycle_a" ? 0.1 * static_cast<double>(step) : 0) << name;
  }
}

}  // namespace
}  // namespace scgan::sweeps
