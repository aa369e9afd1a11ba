#include "results/report/figure_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "core/base/atomic_file.h"
#include "results/figures/svg.h"
#include "tests/support/temp_dir.h"

namespace scgan::results {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// A program named rsvg-convert in a folder that is all of PATH.
class FigureFilesTest : public testing::Test {
 protected:
  FigureFilesTest() : path_(getenv("PATH")) {
    std::filesystem::create_directory(folder_.path() / "bin");
    setenv("PATH", (folder_.path() / "bin").c_str(), 1);
    for (const char* name : {"a.svg", "b.svg"}) write_file_atomically(folder_.path() / name, name);
  }
  ~FigureFilesTest() override { setenv("PATH", path_.c_str(), 1); }

  void install(const std::string& script) const {
    const auto file = folder_.path() / "bin" / "rsvg-convert";
    write_file_atomically(file, "#!/bin/sh\n" + script);
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
  }
  std::vector<std::string> convert() const {
    std::vector<std::string> names;
    for (const auto& file : convert_figures({folder_.path() / "a.svg", folder_.path() / "b.svg"})) {
      names.push_back(file.filename());
    }
    return names;
  }
  std::string content(const std::string& name) const { return read_file(folder_.path() / name); }
  size_t file_count() const {
    const std::filesystem::directory_iterator files(folder_.path());
    return static_cast<size_t>(std::distance(begin(files), end(files)));
  }

  std::string path_;
  TempDir folder_;
};

TEST_F(FigureFilesTest, WithoutTheProgramNothingIsWritten) {
  EXPECT_THAT(convert(), IsEmpty());
  EXPECT_EQ(file_count(), 3);
}

// The arguments end with --output FILE SVG.
TEST_F(FigureFilesTest, EveryFigureBecomesPdfAndPng) {
  install("echo \"$2 zoom $4 $SOURCE_DATE_EPOCH ${7##*/}\" > \"$6\"");
  EXPECT_THAT(convert(), ElementsAre("a.pdf", "a.png", "b.pdf", "b.png"));
  EXPECT_EQ(content("a.pdf"), "pdf zoom 1 0 a.svg\n");
  EXPECT_EQ(content("b.png"), "png zoom 2 0 b.svg\n");
  EXPECT_EQ(file_count(), 7);
}

TEST_F(FigureFilesTest, AFailureIsAWarningAndLeavesNoFile) {
  install("echo half > \"$6\"; case \"$7\" in *a.svg) exit 1;; esac");
  testing::internal::CaptureStderr();
  EXPECT_THAT(convert(), ElementsAre("b.pdf", "b.png"));
  const std::string warnings = testing::internal::GetCapturedStderr();
  EXPECT_THAT(warnings, HasSubstr("a.pdf: rsvg-convert could not convert a.svg"));
  EXPECT_THAT(warnings, HasSubstr("a.png: rsvg-convert could not convert a.svg"));
  EXPECT_EQ(file_count(), 5);
}

TEST_F(FigureFilesTest, EqualFiguresBecomeEqualFiles) {
  setenv("PATH", path_.c_str(), 1);
  const std::string svg = svg_document(40, 30, "Picture", text_at(4, 20, "abc"));
  write_file_atomically(folder_.path() / "a.svg", svg);
  write_file_atomically(folder_.path() / "b.svg", svg);
  const std::vector<std::string> names = convert();
  if (names.empty()) GTEST_SKIP() << "rsvg-convert is not installed";
  ASSERT_THAT(names, ElementsAre("a.pdf", "a.png", "b.pdf", "b.png"));
  EXPECT_THAT(content("a.pdf"), StartsWith("%PDF"));
  EXPECT_EQ(content("a.pdf"), content("b.pdf"));
  EXPECT_EQ(content("a.png"), content("b.png"));
  const std::string pdf = content("a.pdf");
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // the date of a PDF has seconds
  convert();
  EXPECT_EQ(content("a.pdf"), pdf);
}

TEST_F(FigureFilesTest, AProgramThatCannotRunIsAWarning) {
  write_file_atomically(folder_.path() / "bin" / "rsvg-convert",
                        "\x7f"
                        "ELF");
  std::filesystem::permissions(folder_.path() / "bin" / "rsvg-convert",
                               std::filesystem::perms::owner_all);
  testing::internal::CaptureStderr();
  EXPECT_THAT(convert(), IsEmpty());
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("b.png: rsvg-convert"));
  EXPECT_EQ(file_count(), 3);
}

}  // namespace
}  // namespace scgan::results
