#include "sweeps/run/run_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/base/atomic_file.h"
#include "tests/support/temp_dir.h"

namespace scgan::sweeps {
namespace {

using testing::_;
using testing::AllOf;
using testing::ElementsAre;
using testing::Ge;
using testing::Lt;
using testing::Pair;

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

// Of times.jsonl.
std::vector<std::pair<int64_t, double>> steps_and_seconds(const std::filesystem::path& folder) {
  std::vector<std::pair<int64_t, double>> lines;
  std::ifstream stream(folder / "times.jsonl");
  for (std::string line; std::getline(stream, line);) {
    const auto json = nlohmann::json::parse(line);
    lines.emplace_back(json.at("step"), json.at("seconds"));
  }
  return lines;
}

// The attempt that is killed has done steps after its last checkpoint, and part of a line.
TEST(RunLogTest, InterruptedLogEqualsTheUninterruptedOne) {
  const TempDir whole, cut;
  {
    RunLog log(whole.path(), 0);
    write_steps(log, 1, 6);
  }
  {
    RunLog log(cut.path(), 0);
    write_steps(log, 1, 5);
  }
  std::ofstream(cut.path() / "log.jsonl", std::ios::app) << R"({"step":6,"epo)";
  std::ofstream(cut.path() / "times.jsonl", std::ios::app) << R"({"step":6,)";
  {
    RunLog log(cut.path(), 3);
    write_steps(log, 4, 6);
  }
  EXPECT_EQ(read_file(cut.path() / "log.jsonl"), read_file(whole.path() / "log.jsonl"));
  EXPECT_THAT(steps_and_seconds(cut.path()),
              ElementsAre(Pair(1, _), Pair(2, _), Pair(3, _), Pair(4, _), Pair(5, _), Pair(6, _)));
}

TEST(RunLogTest, TimeContinuesWithThatOfTheCheckpoint) {
  const TempDir folder;
  std::ofstream(folder.path() / "times.jsonl") << R"({"step":1,"seconds":100.000})"
                                               << "\n"
                                               << R"({"step":2,"seconds":200.000})"
                                               << "\n"
                                               << R"({"step":3,"seconds":300.000})"
                                               << "\n";
  RunLog log(folder.path(), 2);
  write_steps(log, 3, 3);
  EXPECT_THAT(steps_and_seconds(folder.path()),
              ElementsAre(Pair(1, 100), Pair(2, 200), Pair(3, AllOf(Ge(200), Lt(300)))));
}

TEST(RunLogTest, LineIsOneJsonObject) {
  const TempDir folder;
  RunLog log(folder.path(), 0);
  write_steps(log, 1, 1);
  EXPECT_EQ(read_file(folder.path() / "log.jsonl"),
            "{\"step\":1,\"epoch\":1,\"learning_rate\":0.0002,\"g_adv_a\":0,\"g_adv_b\":0,\"cycle_"
            "a\":0.1,"
            "\"cycle_b\":0,\"identity_a\":0,\"identity_b\":0,\"d_a\":0,\"d_b\":0,\"ssl_a\":0,\"ssl_"
            "b\":0}\n");
}

TEST(RunLogTest, ReturnsTheLossesOfWantedSteps) {
  const TempDir folder;
  RunLog log(folder.path(), 0);
  write_steps(log, 1, 6);
  const auto points = logged_losses(folder.path(), [](int64_t step) { return step % 3 == 0; });
  ASSERT_EQ(points.size(), 2 * kLosses.size());
  EXPECT_EQ(points.front().step, 3);
  EXPECT_EQ(points.back().step, 6);
  for (const auto& [step, name, value] : points) {
    EXPECT_EQ(value, name == "cycle_a" ? 0.1 * static_cast<double>(step) : 0) << name;
  }
}

}  // namespace
}  // namespace scgan::sweeps
