#include "distributed/environment.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace scgan::distributed {
namespace {

// ctest sets these variables; main() has called fix_environment().
TEST(FixEnvironmentTest, UnsetsVariablesThatWouldChangeBits) {
  for (const char* name :
       {"OMP_THREAD_LIMIT", "PYTORCH_TUNABLEOP_ENABLED", "NVIDIA_TF32_OVERRIDE"}) {
    EXPECT_EQ(std::getenv(name), nullptr) << name;
  }
}

}  // namespace
}  // namespace scgan::distributed
