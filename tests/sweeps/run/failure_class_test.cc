#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include <new>
#include <stdexcept>

#include "core/base/error.h"
#include "sweeps/run/failure_class.h"

namespace scgan::sweeps {
namespace {

using results::ExitClass;

// Throws what LibTorch's host allocator throws.
TEST(ExitClassTest, FailedAllocationIsOutOfMemory) {
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
  EXPECT_EQ(of(ErrorKind::kOutOfMemory), ExitClass::kOutOfMemory);
  EXPECT_EQ(of(ErrorKind::kNonFinite), ExitClass::kNonFinite);
  EXPECT_EQ(of(ErrorKind::kData), ExitClass::kData);
  EXPECT_EQ(of(ErrorKind::kInvalidSpec), ExitClass::kData);
  EXPECT_EQ(of(ErrorKind::kStorage), ExitClass::kStorage);
  EXPECT_EQ(of(ErrorKind::kCommunication), ExitClass::kLost);
  EXPECT_EQ(of(ErrorKind::kDevice), ExitClass::kLost);
  EXPECT_EQ(exit_class(std::runtime_error("what?")), ExitClass::kUnknown);
}

// The texts in which LibTorch 2.11 reports the status of a library.
TEST(ExitClassTest, FailedGpuIsLostAndEndsTheJob) {
  const c10::SourceLocation here{__func__, __FILE__, __LINE__};
  constexpr int kUncorrectable = 214, kMemory = 2;  // cudaError_t's
  const c10::AcceleratorError broken(here, kUncorrectable, "CUDA error: uncorrectable ECC error");
  EXPECT_EQ(exit_class(broken), ExitClass::kLost);
  EXPECT_FALSE(is_own_fault(broken));
  EXPECT_EQ(exit_class(c10::AcceleratorError(here, kMemory, "CUDA error: out of memory")),
            ExitClass::kOutOfMemory);

  const auto of = [&](const char* text) { return exit_class(c10::Error(here, text)); };
  EXPECT_EQ(of("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"), ExitClass::kLost);
  EXPECT_EQ(of("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm(...)`"),
            ExitClass::kLost);
  EXPECT_EQ(of("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
            ExitClass::kOutOfMemory);
  EXPECT_EQ(of("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"),
            ExitClass::kOutOfMemory);
  EXPECT_EQ(of("cuDNN error: CUDNN_STATUS_NOT_SUPPORTED"), ExitClass::kUnknown);
}

TEST(ExitClassTest, OutOfMemoryOfALargeGroupIsItsOwnClass) {
  const OutOfMemoryMayFit problem("text");
  EXPECT_EQ(exit_class(problem), ExitClass::kOutOfMemoryMayFit);
  EXPECT_TRUE(is_own_fault(problem));
}

TEST(ExitClassTest, FailureReachesThePeersThroughTheAbort) {
  for (const auto sent : {ExitClass::kOutOfMemory, ExitClass::kOutOfMemoryMayFit,
                          ExitClass::kNonFinite, ExitClass::kUnknown}) {
    const auto received = failure_from(to_abort_reason({sent, "a.png: truncated"}));
    EXPECT_EQ(received.exit_class, sent);
    EXPECT_EQ(received.reason, "a.png: truncated");
  }
}

TEST(ExitClassTest, AbortWithAnotherReasonIsUnknown) {
  for (const char* reason : {"", "gone", "a.png: truncated", "lost"}) {
    const auto received = failure_from(reason);
    EXPECT_EQ(received.exit_class, ExitClass::kUnknown);
    EXPECT_EQ(received.reason, reason);
  }
}

TEST(ExitClassTest, OnlyLostRanksAndStorageEndTheJob) {
  EXPECT_FALSE(is_own_fault(Error(ErrorKind::kCommunication, "text")));
  EXPECT_FALSE(is_own_fault(Error(ErrorKind::kStorage, "text")));
  EXPECT_TRUE(is_own_fault(Error(ErrorKind::kNonFinite, "text")));
  EXPECT_TRUE(is_own_fault(std::bad_alloc()));
  EXPECT_TRUE(is_own_fault(std::runtime_error("what?")));
}

}  // namespace
}  // namespace scgan::sweeps
