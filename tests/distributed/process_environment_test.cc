#include "distributed/process_environment.h"

#include <ATen/Version.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

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

TEST(DeterminismRecordTest, NamesWhatMakesALibraryTakeOtherKernels) {
  EXPECT_FALSE(determinism_record().contains("MKL_CBWR"));
  setenv("MKL_CBWR", "COMPATIBLE", 1);
  EXPECT_EQ(determinism_record().at("MKL_CBWR"), "COMPATIBLE");
  unsetenv("MKL_CBWR");
}

// ctest sets them.
TEST(FixEnvironmentTest, TakesAwayWhatWouldChangeBitsOutsideTheSpec) {
  for (const char* name : {"OMP_THREAD_LIMIT", "PYTORCH_TUNABLEOP_ENABLED", "NVIDIA_TF32_OVERRIDE"})
    EXPECT_EQ(std::getenv(name), nullptr) << name;
}

TEST(DescribeTest, TellsProcessorsOfOneNameApart) {
  const std::string text = describe(c10::Device(c10::DeviceType::CPU));
  EXPECT_TRUE(text.starts_with("cpu: "));
  EXPECT_EQ(text.find('\n'), std::string::npos);
#ifdef __x86_64__
  EXPECT_NE(text.find(", family "), std::string::npos) << text;
#endif
  const std::string capability = at::get_cpu_capability();
  EXPECT_TRUE(text.ends_with(", " + capability)) << text;
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
