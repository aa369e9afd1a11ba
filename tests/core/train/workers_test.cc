#include "core/train/workers.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace scgan {
namespace {

class WorkersTest : public ::testing::Test {
 protected:
  WorkersTest() { at::set_num_threads(4); }
  ~WorkersTest() override { at::set_num_threads(1); }

  Workers workers_{4};
};

// Each part waits for all others.
TEST_F(WorkersTest, AsManyPartsAsThreadsAreComputedAtTheSameTime) {
  std::latch all(4);
  workers_.run(4, 1, [&](int64_t) { all.arrive_and_wait(); });
  std::latch both(2);
  workers_.run(2, 2, [&](int64_t) { both.arrive_and_wait(); });
}

TEST_F(WorkersTest, EachPartIsComputedOnceAndAtMostAsManyAtATimeAsThreadsPermit) {
  for (const int inner : {1, 2, 3, 4, 9}) {
    const int most = inner == 1 ? 4 : inner == 2 ? 2 : 1;
    EXPECT_EQ(workers_.at_once(inner), most);
    std::vector<std::atomic<int>> calls(11);
    std::atomic<int> now = 0;
    workers_.run(11, inner, [&](int64_t i) {
      EXPECT_LE(++now, most);
      EXPECT_EQ(at::get_num_threads(), inner);
      ++calls.at(static_cast<size_t>(i));
      --now;
    });
    for (const auto& each : calls) EXPECT_EQ(each, 1);
    EXPECT_EQ(at::get_num_threads(), 4);
  }
}

// A thread's first parallel loop takes the number of threads that any thread has set last.
TEST_F(WorkersTest, OtherThreadsDoNotChangeTheNumberOfThreadsOfAPart) {
  workers_.run(4, 1, [](int64_t) {
    std::thread([] { at::set_num_threads(3); }).join();
    at::internal::lazy_init_num_threads();
    EXPECT_EQ(at::get_num_threads(), 1);
  });
}

TEST_F(WorkersTest, TheSameThreadComputesTheSamePartInEveryCall) {
  std::vector<std::thread::id> first(8), second(8);
  workers_.run(8, 1,
               [&](int64_t i) { first[static_cast<size_t>(i)] = std::this_thread::get_id(); });
  workers_.run(8, 1,
               [&](int64_t i) { second[static_cast<size_t>(i)] = std::this_thread::get_id(); });
  EXPECT_EQ(first, second);
  EXPECT_EQ(first[0], std::this_thread::get_id());
  EXPECT_EQ(std::set(first.begin(), first.end()).size(), 4U);
}

TEST_F(WorkersTest, PartsHaveTheGradModeOfTheCaller) {
  for (const bool enabled : {false, true}) {
    const at::AutoGradMode mode(enabled);
    workers_.run(4, 1, [&](int64_t) { EXPECT_EQ(at::GradMode::is_enabled(), enabled); });
  }
}

TEST_F(WorkersTest, AnErrorIsThrownAfterAllPartsHaveEnded) {
  for (const int64_t failing : {0, 3}) {
    std::atomic<int> ended = 0;
    try {
      workers_.run(4, 1, [&](int64_t i) {
        if (i == failing) throw std::runtime_error("part failed");
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        ++ended;
      });
      ADD_FAILURE() << "no error";
    } catch (const std::runtime_error& problem) {
      EXPECT_EQ(problem.what(), std::string("part failed"));
    }
    EXPECT_EQ(ended, 3);
  }
  std::atomic<int> calls = 0;
  workers_.run(4, 1, [&](int64_t) { ++calls; });  // they still work
  EXPECT_EQ(calls, 4);
}

}  // namespace
}  // namespace scgan
