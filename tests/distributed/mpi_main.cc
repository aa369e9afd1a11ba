// main() of tests that run on several MPI ranks: a failure on any rank fails all.
#include <gtest/gtest.h>

#include "distributed/mpi_runtime.h"

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  const scgan::distributed::MpiRuntime world;
  return world.largest(RUN_ALL_TESTS());
}
