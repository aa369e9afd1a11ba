#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <new>
#include <stdexcept>

#include "core/base/error.h"
#include "sweeps/run/run_executor.h"

namespace scgan::sweeps {
namespace {

using results::ExitClass;

// What the host's allocator of LibTorch really throws.
TEST(ExitClassTest, MemoryThatCannotBeHadIsItsOwnClass) {
  try {
    at::empty({int64_t{1} << 50});
    FAIL() << "a petabyte";
  } catch (const std::exception& problem) {
    EXPECT_EQ(exit_class(problem), ExitClass::kOutOfMemory) << problem.what();
  }
  EXPECT_EQ(exit_class(std::bad_alloc()), ExitClass::kOutOfMemory);
}

TEST(ExitClassTest, FollowsTheKindOfTheError) {
  const auto of = [](ErrorKind kind) { return exit_class(Error(kind, "text")); };
  EXPECT_EQ(of(ErrorKind::kNonFinite), ExitClass::kNonFinite);
  EXPECT_EQ(of(ErrorKind::kData), ExitClass::kData);
  EXPECT_EQ(of(ErrorKind::kInvalidSpec), ExitClass::kData);
  EXPECT_EQ(of(ErrorKind::kStorage), ExitClass::kStorage);
  EXPECT_EQ(of(ErrorKind::kCommunication), ExitClass::kLost);
  EXPECT_EQ(of(ErrorKind::kDevice), ExitClass::kLost);
  EXPECT_EQ(exit_class(std::runtime_error("what?")), ExitClass::kUnknown);
}

}  // namespace
}  // namespace scgan::sweeps
