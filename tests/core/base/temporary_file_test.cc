#include "core/base/temporary_file.h"

#include <gtest/gtest.h>

#include <array>
#include <iterator>
#include <string>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/mapped_file.h"
#include "tests/support/error_of.h"
#include "tests/support/temp_dir.h"

namespace scgan {
namespace {

class TemporaryFileTest : public testing::Test {
 protected:
  int64_t files() const {
    return std::distance(std::filesystem::directory_iterator(folder_.path()), {});
  }
  TempDir folder_;
};

TEST_F(TemporaryFileTest, HasNoNameUntilItIsPublished) {
  const TemporaryFile file = TemporaryFile::in_folder(folder_.path() / "not" / "there" / "yet");
  EXPECT_EQ(std::filesystem::canonical(file.place()), std::filesystem::canonical(folder_.path()));
  file.reserve(10);
  file.write_at(2, "cde", 3);
  file.write_at(0, "ab", 2);
  EXPECT_EQ(files(), 0);
  file.publish(folder_.path() / "named");
  EXPECT_EQ(files(), 1);
  EXPECT_EQ(read_file(folder_.path() / "named"), std::string("abcde\0\0\0\0\0", 10));
}

TEST_F(TemporaryFileTest, PublishingReplacesAndMappingsOfTheOldFileStay) {
  const auto named = folder_.path() / "named";
  const TemporaryFile first = TemporaryFile::in_folder(folder_.path());
  first.write_at(0, "first", 5);
  first.publish(named);
  const auto mapping = MappedFile::of(first.descriptor(), 5, named);
  const TemporaryFile second = TemporaryFile::in_folder(folder_.path());
  second.write_at(0, "second", 6);
  second.publish(named);
  EXPECT_EQ(read_file(named), "second");
  EXPECT_EQ(files(), 1);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(mapping->data()), 5), "first");
}

TEST_F(TemporaryFileTest, InMemoryItIsWrittenAndReadAsOnDisk) {
  const TemporaryFile file = TemporaryFile::in_memory();
  file.reserve(100);
  file.write_at(7, "abc", 3);
  std::array<char, 3> read{};
  file.read_at(7, read.data(), 3);
  EXPECT_EQ(std::string(read.data(), 3), "abc");
  EXPECT_THROW(file.read_at(8, read.data(), 3), Error);
}

TEST_F(TemporaryFileTest, WithoutALinkItIsCopied) {
  // A file that was created in memory cannot be linked into a folder.
  const TemporaryFile file = TemporaryFile::in_memory();
  const std::string bytes(5 << 20, 'x');
  file.write_at(0, bytes.data(), bytes.size());
  file.publish(folder_.path() / "named");
  EXPECT_EQ(read_file(folder_.path() / "named"), bytes);
  EXPECT_EQ(files(), 1);
}

TEST_F(TemporaryFileTest, MissingFolderIsAnErrorThatLeavesNothing) {
  const TemporaryFile file = TemporaryFile::in_folder(folder_.path());
  error_of(ErrorKind::kStorage, [&] { file.publish(folder_.path() / "none" / "named"); });
  EXPECT_EQ(files(), 0);
  EXPECT_THROW(TemporaryFile::in_folder("/proc/none"), Error);
}

}  // namespace
}  // namespace scgan
