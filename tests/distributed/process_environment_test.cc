#include "distributed/process_environment.h"

#include <gtest/gtest.h>

#include "core/base/error.h"

namespace scgan::distributed {
namespace {

// main() has called fix_environment().
TEST(DeterminismRecordTest, NamesEveryVariableAndSwitchThatBitsDependOn) {
  const auto record = determinism_record();
  EXPECT_EQ(record.at("CUBLAS_WORKSPACE_CONFIG"), ":4096:8");
  EXPECT_EQ(record.at("NCCL_ALGO"), "Ring");
  EXPECT_EQ(record.at("NCCL_PROTO"), "Simple");
  EXPECT_EQ(record.at("NCCL_NVLS_ENABLE"), "0");
  EXPECT_EQ(record.at("OMP_NUM_THREADS"), "1");
  EXPECT_EQ(record.at("torch.deterministic"), "on");
  EXPECT_EQ(record.at("torch.cudnn_benchmark"), "off");
  EXPECT_EQ(record.at("torch.tf32"), "off");
  for (const char* library : {"cuda", "cudnn", "nccl"}) EXPECT_FALSE(record.at(library).empty());
}

TEST(ChooseDeviceTest, RefusesAWordThatIsNoDevice) {
  try {
    choose_device("tpu", 0);
    ADD_FAILURE() << "no error";
  } catch (const Error& problem) {
    EXPECT_EQ(problem.kind(), ErrorKind::kInvalidSpec);
  }
  EXPECT_TRUE(choose_device("cpu", 3).is_cpu());
}

}  // namespace
}  // namespace scgan::distributed
