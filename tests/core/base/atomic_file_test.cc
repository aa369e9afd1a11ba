#include "core/base/atomic_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fmt/format.h>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "core/base/error.h"
#include "tests/support/error_of.h"

namespace scgan {
namespace {

class AtomicFileTest : public testing::Test {
 protected:
  AtomicFileTest()
      : folder_(std::filesystem::path(testing::TempDir()) /
                fmt::format("atomic_file_test-{}", ::getpid())) {
    std::filesystem::create_directories(folder_);
  }
  ~AtomicFileTest() override { std::filesystem::remove_all(folder_); }

  size_t files() const {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder_), {}));
  }

  std::filesystem::path folder_;
};

TEST_F(AtomicFileTest, NewFileHoldsTheBytes) {
  const std::string bytes("a\0b\n", 4);
  write_file_atomically(folder_ / "new", bytes);
  EXPECT_EQ(read_file(folder_ / "new"), bytes);
  EXPECT_EQ(files(), 1U);
}

TEST_F(AtomicFileTest, FilesOfAnySizeAreReadCompletely) {
  for (const size_t size : {0U, 1U, 65535U, 65536U, 65537U, 200000U}) {
    const std::string bytes(size, 'x');
    write_file_atomically(folder_ / "file", bytes);
    EXPECT_EQ(read_file(folder_ / "file"), bytes);
  }
  EXPECT_NE(read_file("/proc/self/status"), "");  // has no size
}

TEST_F(AtomicFileTest, OldFileStaysUntilTheNewOneIsWhole) {
  const auto file = folder_ / "state";
  write_file_atomically(file, "old");
  write_file_atomically(file, [&](int descriptor) {
    write_all(descriptor, "new", 3, file);
    EXPECT_EQ(read_file(file), "old");
  });
  EXPECT_EQ(read_file(file), "new");
}

TEST_F(AtomicFileTest, FailureKeepsTheOldFileAndLeavesNothingElse) {
  const auto file = folder_ / "state";
  write_file_atomically(file, "old");
  EXPECT_THROW(write_file_atomically(file,
                                     [&](int descriptor) {
                                       write_all(descriptor, "ne", 2, file);
                                       throw std::runtime_error("stopped half way");
                                     }),
               std::runtime_error);
  EXPECT_EQ(read_file(file), "old");
  EXPECT_EQ(files(), 1U);
}

TEST_F(AtomicFileTest, ErrorsNameTheFile) {
  const auto file = folder_ / "missing" / "state";
  try {
    write_file_atomically(file, "bytes");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kStorage);
    EXPECT_THAT(error.what(), testing::HasSubstr(file.string()));
    EXPECT_THAT(error.what(), testing::HasSubstr("No such file"));
  }
  EXPECT_THROW(read_file(file), Error);
}

TEST_F(AtomicFileTest, UnreadableFileIsADataError) {
  write_file_atomically(folder_ / "a.png", "bytes");
  EXPECT_EQ(read_data_file(folder_ / "a.png", "an image"), "bytes");
  const auto refusal = [](const std::filesystem::path& file) {
    return data_error_of([&] { read_data_file(file, "an image"); });
  };
  EXPECT_EQ(refusal(folder_), folder_.string() + ": is a folder, not an image");
  EXPECT_EQ(refusal(folder_ / "b.png"),
            (folder_ / "b.png").string() + ": cannot be read: No such file or directory");
}

TEST_F(AtomicFileTest, OnlyTheFilesOfKilledWritersAreRemoved) {
  write_file_atomically(folder_ / "kept.json", "x");
  std::filesystem::copy_file(folder_ / "kept.json", folder_ / "new.safetensors.tmp-4711");
  remove_temporaries(folder_);
  EXPECT_EQ(files(), 1U);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "kept.json"));
  EXPECT_NO_THROW(remove_temporaries(folder_ / "missing"));
}

}  // namespace
}  // namespace scgan
