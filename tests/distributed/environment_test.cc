#include "distributed/environment.h"

#include <gtest/gtest.h>
#include <mpi.h>
#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>

namespace scgan::distributed {
namespace {

// ctest sets these variables; main() has called fix_environment().
TEST(FixEnvironmentTest, UnsetsVariablesThatWouldChangeBits) {
  for (const char* name :
       {"OMP_THREAD_LIMIT", "PYTORCH_TUNABLEOP_ENABLED", "NVIDIA_TF32_OVERRIDE"}) {
    EXPECT_EQ(std::getenv(name), nullptr) << name;
  }
}

TEST(FixEnvironmentTest, ThreadsSpinWhereEachRankHasSeveralCores) {
  int ranks = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);  // all on this host
  cpu_set_t cores;
  ASSERT_EQ(sched_getaffinity(0, sizeof(cores), &cores), 0);
  EXPECT_EQ(std::getenv("GOMP_SPINCOUNT") != nullptr, CPU_COUNT(&cores) >= 2 * ranks);
}

int64_t page_faults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

// Tensors of a step: 128 MiB in blocks of 16 MiB, all freed at its end.
TEST(FixEnvironmentTest, FreedMemoryIsUsedAgainWithoutPageFaults) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers have an allocator of their own";
#endif
  constexpr size_t kBytes = 16 << 20;
  const auto step = [] {
    std::array<std::unique_ptr<char[]>, 8> blocks;
    for (auto& block : blocks) {
      block = std::make_unique_for_overwrite<char[]>(kBytes);
      std::fill_n(block.get(), kBytes, 'x');
    }
  };
  step();
  const int64_t before = page_faults();
  step();
  EXPECT_LT(page_faults() - before, 1000);  // of 32,768 pages
}

}  // namespace
}  // namespace scgan::distributed
