// Errors of CUDA and NCCL that occur without a GPU.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "core/base/error.h"
#include "distributed/cuda_stream.h"
#include "distributed/nccl_comm.h"
#include "distributed/nccl_factory.h"

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

TEST(NcclCommTest, InitWithoutAGpuFailsAndNamesTheRank) {
  if (std::filesystem::exists("/dev/nvidiactl")) GTEST_SKIP() << "there is a GPU";
  try {
    const NcclComm comm(ncclUniqueId{}, 0, 1, 5);
    ADD_FAILURE() << "no error";
  } catch (const Error& problem) {
    EXPECT_EQ(problem.kind(), ErrorKind::kCommunication);
    EXPECT_NE(std::string(problem.what()).find("rank 0 of 1"), std::string::npos) << problem.what();
  }
}

TEST(NcclVersionTest, IsThreeNumbers) {
  EXPECT_TRUE(nccl_version().starts_with("2.")) << nccl_version();
}

}  // namespace
}  // namespace scgan::distributed
