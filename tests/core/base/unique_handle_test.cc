#include "core/base/unique_handle.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace scgan {
namespace {

std::vector<int>* closed = nullptr;  // of the running test

struct FakeTraits {
  using Handle = int;
  static Handle null() noexcept { return 0; }
  static void close(Handle handle) noexcept { closed->push_back(handle); }
};
using FakeHandle = UniqueHandle<FakeTraits>;

class UniqueHandleTest : public testing::Test {
 protected:
  UniqueHandleTest() { closed = &closed_; }
  std::vector<int> closed_;
};

TEST_F(UniqueHandleTest, MovedFromOwnerClosesNothing) {
  {
    FakeHandle first(7);
    const FakeHandle second(std::move(first));
    EXPECT_EQ(second.get(), 7);
  }
  EXPECT_EQ(closed_, std::vector<int>{7});
}

TEST_F(UniqueHandleTest, AssignmentClosesWhatWasOwnedBefore) {
  FakeHandle first(1);
  first = FakeHandle(2);
  EXPECT_EQ(closed_, std::vector<int>{1});
  EXPECT_EQ(first.get(), 2);
}

TEST_F(UniqueHandleTest, ReleasedAndNullHandlesAreNotClosed) {
  {
    FakeHandle handle(3);
    EXPECT_TRUE(handle);
    EXPECT_EQ(handle.release(), 3);
    EXPECT_FALSE(handle);
    const FakeHandle empty;
  }
  EXPECT_TRUE(closed_.empty());
}

}  // namespace
}  // namespace scgan
