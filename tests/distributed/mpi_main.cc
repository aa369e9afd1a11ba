// main() of tests that run on several MPI ranks: a failure on one rank fails the test on all.
#include <gtest/gtest.h>

#include "distributed/environment.h"
#include "distributed/mpi_runtime.h"

int main(int argc, char** argv) {
  scgan::distributed::fix_environment(argv);
  ::testing::InitGoogleTest(&argc, argv);
  const scgan::distributed::MpiRuntime world;
  return world.largest(RUN_ALL_TESTS());
}
