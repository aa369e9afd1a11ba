// A test on the GPU of this rank; skipped on a machine without one.
#pragma once

#include <c10/core/Device.h>
#include <gtest/gtest.h>

#include "core/model/determinism.h"
#include "tests/distributed/gpu_of_rank.h"

namespace scgan::distributed {

class GpuTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto gpu = gpu_of_rank();
    if (!gpu) GTEST_SKIP() << "this machine has no GPU";
    gpu_ = *gpu;
    make_deterministic(1);
  }

  c10::Device gpu_ = c10::kCPU;
};

}  // namespace scgan::distributed
