#include "core/comm/communicator.h"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

#include "core/comm/solo_communicator.h"

namespace scgan {
namespace {

// The first work item takes long: without a defined order, the others would overtake it.
TEST(CommunicatorTest, BackgroundOperationsRunInOrder) {
  SoloCommunicator communicator;
  std::vector<int> order;
  std::vector<std::future<void>> works;
  for (int i = 0; i < 4; ++i) {
    works.push_back(communicator.run_async([&order, i] {
      if (i == 0) std::this_thread::sleep_for(std::chrono::milliseconds(50));
      order.push_back(i);
    }));
  }
  for (auto& work : works) work.get();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3}));
}

TEST(CommunicatorTest, WorkThatFailsDoesNotHoldUpTheNext) {
  SoloCommunicator communicator;
  bool done = false;
  auto first = communicator.run_async([] { throw std::runtime_error("lost"); });
  auto second = communicator.run_async([&] { done = true; });
  EXPECT_THROW(first.get(), std::runtime_error);
  second.get();
  EXPECT_TRUE(done);
}

}  // namespace
}  // namespace scgan
