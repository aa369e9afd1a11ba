#include "sweeps/run/device_checks.h"

#include <gtest/gtest.h>

namespace scgan::sweeps {
namespace {

TEST(FewCoresTest, NothingIsSaidIfEachThreadHasACore) {
  EXPECT_EQ(few_cores_text(1, 4, 2, 2), "");  // ranks alone are the user's choice
  EXPECT_EQ(few_cores_text(2, 1, 2, 2), "");
  EXPECT_EQ(few_cores_text(2, 4, 8, 8), "");
  EXPECT_EQ(few_cores_text(2, 4, 2, 8), "");  // each rank is bound to two
}

TEST(FewCoresTest, ForARankThatIsBoundToOneCoreItSaysHowToGetMore) {
  EXPECT_EQ(few_cores_text(2, 2, 1, 8),
            "train.threads: the 2 threads of a rank share 1 core, which is slow; mpirun binds "
            "ranks to cores unless it has --bind-to none");
  EXPECT_EQ(few_cores_text(4, 1, 2, 2),
            "train.threads: the 4 threads of a rank share 2 cores, which is slow");
}

TEST(FewCoresTest, TheThreadsOfAllRanksAreCounted) {
  EXPECT_EQ(few_cores_text(2, 4, 4, 4),
            "train.threads: 4 ranks with 2 threads each share 4 cores, which is slow");
}

}  // namespace
}  // namespace scgan::sweeps
