#include "core/base/byte_lock.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "core/base/descriptor.h"
#include "tests/support/temp_dir.h"

namespace scgan {
namespace {

class ByteLockTest : public testing::Test {
 protected:
  Descriptor open(int flags = O_RDWR) const {
    return Descriptor(::open((folder_.path() / "file").c_str(), flags | O_CREAT, 0644));
  }

  TempDir folder_;
  Descriptor first_ = open(), second_ = open();
};

TEST_F(ByteLockTest, AnotherDescriptorSeesTheLockUntilItEnds) {
  EXPECT_FALSE(is_locked_elsewhere(second_.get(), 7));
  ASSERT_TRUE(lock_byte(first_.get(), 7, ByteLock::kShared));
  EXPECT_TRUE(is_locked_elsewhere(second_.get(), 7));
  EXPECT_FALSE(is_locked_elsewhere(first_.get(), 7)) << "its own";
  EXPECT_FALSE(is_locked_elsewhere(second_.get(), 8));
  unlock_byte(first_.get(), 7);
  EXPECT_FALSE(is_locked_elsewhere(second_.get(), 7));
  ASSERT_TRUE(lock_byte(first_.get(), 7, ByteLock::kExclusive));
  first_.reset();
  EXPECT_FALSE(is_locked_elsewhere(second_.get(), 7));
}

TEST_F(ByteLockTest, AnExclusiveLockWaitsForTheOther) {
  ASSERT_TRUE(lock_byte(first_.get(), 1, ByteLock::kExclusive));
  std::atomic<bool> ended = false;
  std::jthread other([&] {
    EXPECT_TRUE(lock_byte(second_.get(), 1, ByteLock::kExclusive));
    EXPECT_TRUE(ended);
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  ended = true;
  unlock_byte(first_.get(), 1);
}

TEST_F(ByteLockTest, ALockThatIsNotGivenUpIsWaitedForOnlySoLong) {
  ASSERT_TRUE(lock_byte(first_.get(), 1, ByteLock::kShared));
  EXPECT_FALSE(lock_byte(second_.get(), 1, ByteLock::kExclusive, std::chrono::seconds(0)));
  EXPECT_TRUE(lock_byte(second_.get(), 1, ByteLock::kShared, std::chrono::seconds(0)));
}

TEST_F(ByteLockTest, ADescriptorThatCannotWriteHasOnlySharedLocks) {
  const Descriptor reading = open(O_RDONLY);
  EXPECT_FALSE(lock_byte(reading.get(), 1, ByteLock::kExclusive));
  EXPECT_TRUE(lock_byte(reading.get(), 1, ByteLock::kShared));
  EXPECT_TRUE(lock_byte(first_.get(), 1, ByteLock::kShared));
}

}  // namespace
}  // namespace scgan
