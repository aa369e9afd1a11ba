#include "sweeps/run/output_lock.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "core/base/error.h"
#include "tests/support/temp_dir.h"

namespace scgan::sweeps {
namespace {

TEST(OutputLockTest, SecondHolderIsToldWhoHasIt) {
  const TempDir folder;
  const OutputLock first(folder.path());
  try {
    const OutputLock second(folder.path());
    FAIL() << "two holders";
  } catch (const Error& problem) {
    EXPECT_EQ(problem.kind(), ErrorKind::kInvalidSpec);
    const std::string text = problem.what();
    EXPECT_NE(text.find("process " + std::to_string(getpid())), std::string::npos) << text;
    EXPECT_NE(text.find("since 20"), std::string::npos) << text;
  }
}

TEST(OutputLockTest, IsFreeAgainAfterItsHolder) {
  const TempDir folder;
  { const OutputLock first(folder.path()); }
  EXPECT_NO_THROW(OutputLock second(folder.path()));
}

TEST(OutputLockTest, FolderThatCannotBeWrittenIsNamed) {
  const TempDir folder;
  try {
    const OutputLock lock(folder.path() / "missing");
    FAIL();
  } catch (const Error& problem) {
    EXPECT_EQ(problem.kind(), ErrorKind::kStorage);
    EXPECT_NE(std::string(problem.what()).find("missing/lock"), std::string::npos);
  }
}

}  // namespace
}  // namespace scgan::sweeps
