// main() of tests that run on several MPI ranks: a failure on any rank fails all.
#include <gtest/gtest.h>

#include "distributed/mpi_runtime.h"
#include "distributed/process_environment.h"

int main(int argc, char** argv) {
  scgan::distributed::fix_environment(argv);
  ::testing::InitGoogleTest(&argc, argv);
  const scgan::distributed::MpiRuntime world;
  return world.largest(RUN_ALL_TESTS());
}
