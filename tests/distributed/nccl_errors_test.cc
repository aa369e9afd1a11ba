// What of CUDA and NCCL can be tried without a GPU: that their errors are ours.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "core/base/error.h"
#include "distributed/cuda_stream.h"
#include "distributed/nccl_comm.h"

namespace scgan::distributed {
namespace {

TEST(CheckCudaTest, NamesTheOperationAndCudasError) {
  check_cuda(cudaSuccess, "cudaStreamCreate");
  try {
    check_cuda(cudaErrorMemoryAllocation, "cudaStreamCreate");
    ADD_FAILURE() << "no error";
  } catch (const Error& problem) {
    EXPECT_EQ(problem.kind(), ErrorKind::kDevice);
    const std::string text = problem.what();
    EXPECT_NE(text.find("cudaStreamCreate failed"), std::string::npos) << text;
    EXPECT_NE(text.find("cudaErrorMemoryAllocation"), std::string::npos) << text;
  }
}

TEST(NcclCommTest, WithoutAGpuTheStartIsAnErrorThatNamesTheRank) {
  if (std::filesystem::exists("/dev/nvidiactl")) GTEST_SKIP() << "there is a GPU";
  try {
    const NcclComm comm(ncclUniqueId{}, 0, 1, 5);
    ADD_FAILURE() << "no error";
  } catch (const Error& problem) {
    EXPECT_EQ(problem.kind(), ErrorKind::kCommunication);
    EXPECT_NE(std::string(problem.what()).find("rank 0 of 1"), std::string::npos) << problem.what();
  }
}

TEST(NcclRuntimeVersionTest, IsThreeNumbers) {
  EXPECT_TRUE(nccl_runtime_version().starts_with("2.")) << nccl_runtime_version();
}

}  // namespace
}  // namespace scgan::distributed
