#include "results/report/sample_figures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/base/sha256.h"
#include "results/figures/picture.h"
#include "tests/results/figures/grid_png.h"
#include "tests/results/figures/svg_texts.h"
#include "tests/results/sample_store.h"
#include "tests/support/temp_dir.h"

namespace scgan::results {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr size_t kSide = 8;

// What the SVG has of a picture in one colour.
std::string uri_of(const std::array<uint8_t, 3>& colour) {
  Picture picture{.side = kSide, .rgb = {}};
  for (size_t i = 0; i < kSide * kSide; ++i) {
    picture.rgb.insert(picture.rgb.end(), colour.begin(), colour.end());
  }
  return data_uri(encode_png(picture));
}

// The images of a row have the colours (column, row, of the run); sources and targets have 0.
class SampleFiguresTest : public testing::Test {
 protected:
  SampleFiguresTest() { inputs_[0].folder = folder_.path().string(); }

  std::filesystem::path samples_of(const std::string& run) const {
    const auto folder = folder_.path() / "runs" / run / "samples";
    std::filesystem::create_directories(folder);
    return folder;
  }

  static std::string grid(uint8_t of_run, uint8_t of_test_images = 0) {
    return grid_png(kSide, [=](size_t row, size_t column, size_t, size_t) {
      const bool is_given = column == 0 || column == 3;
      return std::array{static_cast<uint8_t>(column), static_cast<uint8_t>(row),
                        is_given ? of_test_images : of_run};
    });
  }

  StoredRun& run(const std::string& id) {
    for (StoredRun& each : inputs_[0].runs) {
      if (each.plan.id == id) return each;
    }
    throw std::out_of_range(id);
  }

  void write(const std::string& id, const std::string& bytes) {
    write_file_atomically(samples_of(id) / "final.png", bytes);
    run(id).artifacts = {{"runs/" + id + "/samples/final.png", sha256_hex(bytes)}};
  }

  std::vector<Figure> figures() const { return sample_figures(analyse(inputs_)); }

  TempDir folder_;
  std::vector<ReportInput> inputs_ = {sample_input()};
};

// The medians are those of a1 (47, 50.25, 55.5), b1 (41, 44.5), c1 (36, 39.5, 42.75) and d1.
TEST_F(SampleFiguresTest, EachCellIsShownByItsMedianRun) {
  uint8_t colour = 0;
  for (const char* id : {"a1", "a2", "a3", "b1", "b2", "c1", "c2", "c3", "d1"}) {
    write(id, grid(++colour));
  }
  const std::vector<Figure> shown = figures();
  ASSERT_THAT(shown, SizeIs(1));
  EXPECT_EQ(shown[0].name, "samples-synthetic-AtoB");
  const std::string& svg = shown[0].svg;
  expect_readable(svg);
  // Column 1 of the runs 1, 4, 6 and 9, in both blocks between sources and targets.
  size_t at = 0;
  for (const auto& [column, of_run] : std::vector<std::pair<uint8_t, uint8_t>>{
           {0, 0}, {1, 1}, {1, 6}, {3, 0}, {0, 0}, {1, 4}, {1, 9}, {3, 0}}) {
    for (uint8_t row = 0; row < 4; ++row) {
      const size_t found = svg.find(uri_of({column, row, of_run}), at);
      ASSERT_NE(found, std::string::npos) << int{column} << " " << int{row} << " " << int{of_run};
      at = found;
    }
  }
  EXPECT_THAT(texts_of(svg, "FID 50.25, seed 1"), SizeIs(1));
  EXPECT_THAT(texts_of(svg, "FID 41.00, seed 1"), SizeIs(1));
  EXPECT_THAT(svg, Not(HasSubstr(uri_of({1, 0, 2}))));
  EXPECT_THAT(texts_of(svg, "source A"), SizeIs(2));
  EXPECT_THAT(texts_of(svg, "no samples"), IsEmpty());
  EXPECT_EQ(svg, figures()[0].svg);
}

TEST_F(SampleFiguresTest, TheOtherDirectionUsesTheOtherColumns) {
  for (StoredRun& each : inputs_[0].runs) {
    for (Metric& metric : each.metrics) metric.direction = "BtoA";
  }
  write("a1", grid(1));
  ASSERT_THAT(figures(), SizeIs(1));
  EXPECT_THAT(figures()[0].svg,
              AllOf(HasSubstr(uri_of({3, 0, 0})), HasSubstr(uri_of({4, 0, 1})),
                    HasSubstr(uri_of({0, 0, 0})), Not(HasSubstr(uri_of({1, 0, 1})))));
}

TEST_F(SampleFiguresTest, APlaceWithoutPicturesSaysWhy) {
  EXPECT_THAT(figures(), IsEmpty()) << "no run has samples";
  write("a1", grid(1));
  write("b1", grid(2, 77));
  write("c1", grid(3));
  write_file_atomically(samples_of("c1") / "final.png", grid(4));
  write("d1", "not a PNG");
  const std::string svg = figures().at(0).svg;
  expect_readable(svg);
  EXPECT_THAT(texts_of(svg, "other test"), SizeIs(1));
  EXPECT_THAT(texts_of(svg, "the file has"), SizeIs(1));
  EXPECT_THAT(texts_of(svg, ".*cannot.*"), SizeIs(1));
  EXPECT_THAT(svg, HasSubstr(uri_of({1, 0, 1})));
  EXPECT_THAT(svg, Not(HasSubstr(uri_of({1, 0, 2}))));
  std::filesystem::remove(samples_of("d1") / "final.png");
  EXPECT_THAT(texts_of(figures().at(0).svg, "no samples"), SizeIs(1));
}

TEST_F(SampleFiguresTest, TheLastGridOfAnOlderVersionIsShown) {
  write_file_atomically(samples_of("a1") / "step-00000040.png", grid(1));
  write_file_atomically(samples_of("a1") / "step-00000039.png", grid(2));
  EXPECT_THAT(figures().at(0).svg, HasSubstr(uri_of({1, 0, 1})));
}

TEST_F(SampleFiguresTest, ManyPercentagesAndVariantsAreThinnedOut) {
  ReportInput& input = inputs_[0];
  input.runs.clear();
  for (int variant = 0; variant < 10; ++variant) {
    for (int percentage = 10; percentage <= 100; percentage += 10) {
      const std::string id = "r" + std::to_string(variant) + "-" + std::to_string(percentage);
      input.runs.push_back(
          done_run(planned_run(id, "v" + std::to_string(variant), percentage, 1), 40, 0.04));
    }
  }
  write("r0-10", grid(1));
  const Figure figure = figures().at(0);
  EXPECT_THAT(texts_of(figure.svg, "[0-9]+ % of the training images"), SizeIs(6));
  EXPECT_THAT(texts_of(figure.svg, "(10|100) % of the training images"), SizeIs(2));
  EXPECT_THAT(texts_of(figure.svg, "v[0-9]"), SizeIs(6 * 7));
  EXPECT_THAT(figure.caption, HasSubstr("7 of 10 variants"));
}

}  // namespace
}  // namespace scgan::results
