#include "distributed/versions.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "core/model/determinism.h"

namespace scgan::distributed {
namespace {

// main() has called fix_environment().
TEST(DeterminismRecordTest, NamesEveryVariableAndSwitchThatBitsDependOn) {
  use_deterministic_kernels();
  const auto record = determinism_record();
  EXPECT_EQ(record.at("CUBLAS_WORKSPACE_CONFIG"), ":4096:8");
  EXPECT_EQ(record.at("NCCL_ALGO"), "Ring");
  EXPECT_EQ(record.at("NCCL_PROTO"), "Simple");
  EXPECT_EQ(record.at("NCCL_NVLS_ENABLE"), "0");
  EXPECT_EQ(record.at("OMP_NUM_THREADS"), "1");
  EXPECT_EQ(record.at("torch.deterministic"), "on");
  EXPECT_EQ(record.at("torch.cudnn_benchmark"), "off");
  EXPECT_EQ(record.at("torch.tf32"), "off");
  for (const char* library : {"cuda", "cudnn", "nccl", "libc"})
    EXPECT_FALSE(record.at(library).empty());
}

TEST(DeterminismRecordTest, NamesVariablesThatMakeALibraryChooseOtherKernels) {
  EXPECT_FALSE(determinism_record().contains("MKL_CBWR"));
  setenv("MKL_CBWR", "COMPATIBLE", 1);
  EXPECT_EQ(determinism_record().at("MKL_CBWR"), "COMPATIBLE");
  unsetenv("MKL_CBWR");
}

}  // namespace
}  // namespace scgan::distributed
