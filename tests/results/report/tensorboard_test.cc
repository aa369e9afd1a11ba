#include "results/report/tensorboard.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/base/atomic_file.h"
#include "results/report/event_file.h"
#include "results/store/result_store.h"
#include "results/store/sqlite.h"
#include "tests/results/sample_store.h"
#include "tests/support/temp_dir.h"

namespace scgan::results {
namespace {

class TensorboardTest : public testing::Test {
 protected:
  TensorboardTest() {
    auto store = ResultStore::open(folder_.path() / "results.db");
    store.plan(sample_sweep(),
               {planned_run("r1", "a/b", 12.5, 3), planned_run("r2", "cyclegan", 50, 1)});
    const int64_t attempt = store.begin_attempt(attempt_on("r1"));
    store.add_losses("r1", {{1, "d_a", 0.5}});
    Metric early = metric("fid", 30);
    early.step = 1;
    store.add_scores("r1", {early});
    Metric last = metric("kid", 0.5);
    last.step = 2;
    store.finish(attempt, 2, kInput, {last}, {});
  }
  void sql(const std::string& text) const {
    Database::open(folder_.path() / "results.db").execute(text);
  }
  std::filesystem::path written() {
    const auto files = write_tensorboard(read_stores({folder_.path()}), folder_.path() / "tb");
    EXPECT_THAT(files, testing::SizeIs(1));  // the other run has not trained
    return files.at(0);
  }

  TempDir folder_;
};

TEST_F(TensorboardTest, EveryLoggedStepAndEveryScoreIsWritten) {
  std::filesystem::create_directories(folder_.path() / "runs/r1");
  std::ofstream(folder_.path() / "runs/r1/log.jsonl")
      << R"({"step":1,"epoch":1,"learning_rate":0.5,"d_a":0.25,"part_a":[0,8]})"
      << "\n"
      << R"({"step":2,"epoch":1,"learning_rate":0.125,"d_a":4})"
      << "\n"
      << R"({"step":3,"epoch":1,"lear)";  // still being written
  const auto file = written();
  EXPECT_EQ(file, folder_.path() / "tb/a_b 12.5 % seed 3 r1/events.out.tfevents.scgan");
  EventFile expected;
  expected.add(1, {{"fid/AtoB", 30}, {"learning_rate", 0.5}, {"loss/d_a", 0.25}});
  expected.add(2, {{"kid/AtoB", 0.5}, {"learning_rate", 0.125}, {"loss/d_a", 4}});
  EXPECT_EQ(read_file(file), expected.bytes());
}

// The first attempt began at 1000 s and wrote a checkpoint after step 2. The second one began at
// 2000 s; its steps end 0.5 s and 1.5 s later.
TEST_F(TensorboardTest, TimesCountFromTheStartsOfTheAttempts) {
  sql("UPDATE attempt SET started_ms = 1000000, first_step = 0, last_step = 3");
  sql("INSERT INTO attempt (run_id, hosts, device, ranks, first_step, last_step, versions, "
      "reduction, started_ms, progress_ms, ended_ms, exit_class) SELECT run_id, hosts, device, "
      "ranks, 2, 4, versions, reduction, 2000000, 2009000, 2009000, 'done' FROM attempt");
  std::filesystem::create_directories(folder_.path() / "runs/r1");
  std::ofstream log(folder_.path() / "runs/r1/log.jsonl");
  for (int step = 1; step <= 5; ++step) log << fmt::format("{{\"step\":{},\"d_a\":1}}\n", step);
  log.close();
  std::ofstream(folder_.path() / "runs/r1/times.jsonl") << R"({"step":1,"seconds":3.000})"
                                                        << "\n"
                                                        << R"({"step":2,"seconds":5.000})"
                                                        << "\n"
                                                        << R"({"step":3,"seconds":5.500})"
                                                        << "\n"
                                                        << R"({"step":4,"seconds":6.500})"
                                                        << "\n";
  EventFile expected(1000);
  expected.add(1, {{"fid/AtoB", 30}, {"loss/d_a", 1}}, 1003);
  expected.add(2, {{"kid/AtoB", 0.5}, {"loss/d_a", 1}}, 1005);
  expected.add(3, {{"loss/d_a", 1}}, 2000.5);
  expected.add(4, {{"loss/d_a", 1}}, 2001.5);
  expected.add(5, {{"loss/d_a", 1}}, 2001.5);  // the time of the step before
  EXPECT_EQ(read_file(written()), expected.bytes());
}

TEST_F(TensorboardTest, WithoutALogTheThinnedLossesAreWritten) {
  EventFile expected;
  expected.add(1, {{"fid/AtoB", 30}, {"loss/d_a", 0.5}});
  expected.add(2, {{"kid/AtoB", 0.5}});
  EXPECT_EQ(read_file(written()), expected.bytes());
}

}  // namespace
}  // namespace scgan::results
