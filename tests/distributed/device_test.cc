#include "distributed/device.h"

#include <ATen/Version.h>
#include <gtest/gtest.h>

#include <string>

#include "core/base/error.h"

namespace scgan::distributed {
namespace {

TEST(DescribeTest, DistinguishesProcessorsWithTheSameName) {
  const std::string text = describe(c10::Device(c10::DeviceType::CPU));
  EXPECT_TRUE(text.starts_with("cpu: "));
  EXPECT_EQ(text.find('\n'), std::string::npos);
#ifdef __x86_64__
  EXPECT_NE(text.find(", family "), std::string::npos) << text;
#endif
  const std::string capability = at::get_cpu_capability();
  EXPECT_TRUE(text.ends_with(", " + capability)) << text;
}

TEST(ChooseDeviceTest, RejectsAnUnknownName) {
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
