#include "results/figures/picture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <ranges>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "results/figures/picture_table.h"
#include "tests/results/figures/grid_png.h"
#include "tests/results/figures/svg_texts.h"

namespace scgan::results {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(PictureTest, AGridIsCutIntoItsImages) {
  const std::string png = grid_png(5, [](size_t row, size_t column, size_t, size_t) {
    return std::array{static_cast<uint8_t>(40 * row), static_cast<uint8_t>(40 * column),
                      uint8_t{7}};
  });
  const SampleGrid grid = read_sample_grid(png, "grid.png", 4, 5);
  for (size_t column = 0; column < kGridColumns; ++column) {
    ASSERT_EQ(grid.columns.at(column).size(), 4);
    for (size_t row = 0; row < 4; ++row) {
      const Picture& picture = grid.columns.at(column)[row];
      ASSERT_EQ(picture.side, 5);
      ASSERT_EQ(picture.rgb.size(), 75);
      for (size_t i = 0; i < 75; i += 3) {
        EXPECT_EQ(picture.rgb[i], 40 * row);
        EXPECT_EQ(picture.rgb[i + 1], 40 * column);
        EXPECT_EQ(picture.rgb[i + 2], 7);
      }
    }
  }
  EXPECT_EQ(read_sample_grid(png, "grid.png", 100, 5).columns[0].size(), 6);
}

// Red is 0, 10, ..., 70 along x: the means of three are 10 and 40; the last two are left out.
TEST(PictureTest, ImagesAreReducedByTheMean) {
  const std::string png = grid_png(8, [](size_t, size_t, size_t x, size_t y) {
    return std::array{static_cast<uint8_t>(10 * x), static_cast<uint8_t>(y == 0 ? 200 : 0),
                      uint8_t{0}};
  });
  const Picture picture = read_sample_grid(png, "grid.png", 1, 3).columns[5][0];
  EXPECT_EQ(picture.side, 2);
  EXPECT_THAT(picture.rgb, ElementsAre(10, 67, 0, 40, 67, 0, 10, 0, 0, 40, 0, 0));  // 600 / 9
  EXPECT_EQ(read_sample_grid(png, "grid.png", 1, 96).columns[5][0].side, 8) << "never enlarged";
}

TEST(PictureTest, OtherFilesAreErrorsThatNameThem) {
  const std::string png = grid_png(5, [](size_t row, size_t, size_t, size_t) {
    return std::array{static_cast<uint8_t>(row), uint8_t{1}, uint8_t{2}};
  });
  const std::string odd = encode_png({.side = 7, .rgb = std::vector<uint8_t>(7 * 7 * 3, 9)});
  for (const std::string& bytes :
       {std::string(), std::string("text"), odd, png.substr(0, png.size() / 2)}) {
    try {
      read_sample_grid(bytes, "runs/a/final.png", 6, 96);
      ADD_FAILURE() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kData);
      EXPECT_THAT(error.what(), HasSubstr("runs/a/final.png: "));
    }
  }
}

TEST(PictureTest, HalvingTakesTheMeanOfFourPixels) {
  const Picture picture{.side = 2, .rgb = {0, 4, 9, 1, 4, 9, 2, 4, 9, 3, 4, 9}};
  EXPECT_EQ(halved(picture), (Picture{.side = 1, .rgb = {2, 4, 9}}));  // 6 / 4 = 1.5
}

// RFC 4648, section 10.
TEST(PictureTest, DataIsEncodedInBase64) {
  EXPECT_EQ(data_uri("f"), "data:image/png;base64,Zg==");
  EXPECT_EQ(data_uri("fo"), "data:image/png;base64,Zm8=");
  EXPECT_EQ(data_uri("foo"), "data:image/png;base64,Zm9v");
  EXPECT_EQ(data_uri("foob"), "data:image/png;base64,Zm9vYg==");
  EXPECT_EQ(data_uri("\xff\xff\xff"), "data:image/png;base64,////");
}

Picture noise(size_t side, uint32_t seed) {
  Picture picture{.side = side, .rgb = {}};
  for (size_t i = 0; i < side * side * 3; ++i) {
    seed = seed * 1664525 + 1013904223;
    picture.rgb.push_back(static_cast<uint8_t>(seed >> 24));
  }
  return picture;
}

PictureTable noise_table(size_t blocks, size_t columns, size_t rows) {
  PictureTable table{.title = "AtoB", .alt = "Pictures", .blocks = {}};
  uint32_t seed = 0;
  for (size_t b = 0; b < blocks; ++b) {
    table.blocks.push_back({.title = "50 % of the training images", .columns = {}});
    for (size_t c = 0; c < columns; ++c) {
      PictureColumn column{.title = "scgan train.learning_rate=0.0002 some.other.key=17",
                           .subtitle = "FID 41.20, seed 3",
                           .pictures = {},
                           .why_empty = "no samples"};
      for (size_t r = 0; r < rows; ++r) column.pictures.push_back(noise(96, ++seed));
      table.blocks.back().columns.push_back(column);
    }
  }
  return table;
}

size_t count(const std::string& svg, std::string_view what) {
  return static_cast<size_t>(std::ranges::distance(std::views::split(svg, what))) - 1;
}

// Noise cannot be compressed: a picture takes 27 kB, and 37 kB in base64.
TEST(PictureTest, ATableIsMadeSmallerUntilItFits) {
  const PictureTable table = noise_table(3, 5, 4);
  EXPECT_EQ(count(picture_table_svg(table, 10'000'000), "<image"), 60);
  EXPECT_EQ(count(picture_table_svg(table, 1'700'000), "<image"), 45);  // three rows
  const std::string two = picture_table_svg(table, 1'200'000);
  EXPECT_EQ(count(two, "<image"), 30);
  EXPECT_THAT(two, HasSubstr("width=\"96.0\""));
  EXPECT_THAT(two, Not(HasSubstr("pixelated")));
  const std::string small = picture_table_svg(table, 300'000);  // half the side
  EXPECT_EQ(count(small, "<image"), 30);
  EXPECT_THAT(small, HasSubstr("pixelated"));
  EXPECT_LT(small.size(), 330'000);
  EXPECT_EQ(small, picture_table_svg(table, 300'000));
}

TEST(PictureTest, ATableCanBeRead) {
  PictureTable table = noise_table(2, 5, 2);
  table.blocks[0].columns[0].title = "source";
  table.blocks[0].columns[1].pictures.clear();
  table.blocks[1].columns[1].title = std::string(60, 'x');
  const std::string svg = picture_table_svg(table, 10'000'000);
  expect_readable(svg);
  EXPECT_EQ(texts_of(svg, "no samples").size(), 1);
  for (PictureBlock& block : table.blocks) {
    for (PictureColumn& column : block.columns) column.pictures.clear();
  }
  expect_readable(picture_table_svg(table, 0));
  expect_readable(picture_table_svg({.title = "none", .alt = "", .blocks = {}}, 0));
}

}  // namespace
}  // namespace scgan::results
