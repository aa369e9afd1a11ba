#include "core/base/csv.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/support/error_of.h"

namespace scgan {
namespace {

using namespace std::string_view_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string error_of(std::string_view text) {
  return data_error_of([&] { parse_csv(text, "a.csv"); });
}

TEST(CsvTest, CellsAreSplitAtCommasAndLinesAtAnyEnd) {
  for (const char* text : {"a,b\n1,2\n3,4\n", "a,b\r\n1,2\r\n3,4\r\n", "a,b\n1,2\r\n3,4",
                           "a,b\r1,2\r3,4\r", "a,b\r1,2\r3,4", "a;b\r\n1;2\r\n3;4\r\n",
                           "a\tb\n1\t2\n3\t4\n", "\"a\";\"b\"\n1;2\n\"3\";4\n"}) {
    const CsvTable table = parse_csv(text, "a.csv");
    EXPECT_THAT(table.header, ElementsAre("a", "b"));
    ASSERT_EQ(table.rows.size(), 2U);
    EXPECT_THAT(table.rows[0].cells, ElementsAre("1", "2"));
    EXPECT_THAT(table.rows[1].cells, ElementsAre("3", "4"));
    EXPECT_EQ(table.rows[1].line, 3);
  }
}

TEST(CsvTest, EmptyCellsAreKeptAndBlankLinesSkipped) {
  const CsvTable table = parse_csv("a,b,c\n\n,,\n\r\n1,,\n,,3", "a.csv");
  ASSERT_EQ(table.rows.size(), 3U);
  EXPECT_THAT(table.rows[0].cells, ElementsAre("", "", ""));
  EXPECT_EQ(table.rows[0].line, 3);
  EXPECT_THAT(table.rows[1].cells, ElementsAre("1", "", ""));
  EXPECT_EQ(table.rows[1].line, 5);
  EXPECT_THAT(table.rows[2].cells, ElementsAre("", "", "3"));
  EXPECT_THAT(parse_csv("a,b\n1,", "a.csv").rows[0].cells, ElementsAre("1", ""));
}

TEST(CsvTest, QuotedCellsMayHoldCommasQuotesAndLineBreaks) {
  const CsvTable table = parse_csv("\"a\",b\n\"x, \"\"y\"\"\r\nz\",2\n\"\",\"3\"\n", "a.csv");
  EXPECT_THAT(table.header, ElementsAre("a", "b"));
  EXPECT_THAT(table.rows[0].cells, ElementsAre("x, \"y\"\r\nz", "2"));
  EXPECT_THAT(table.rows[1].cells, ElementsAre("", "3"));
  EXPECT_EQ(table.rows[1].line, 4);
}

TEST(CsvTest, SeparatorIsACommaUnlessTheHeaderHasNone) {
  EXPECT_THAT(parse_csv("a,b;c\n1,2;3\n", "a.csv").rows[0].cells, ElementsAre("1", "2;3"));
  EXPECT_THAT(parse_csv("a;b\n1,5;2\n", "a.csv").rows[0].cells, ElementsAre("1,5", "2"));
  const CsvTable table = parse_csv("\xef\xbb\xbfsep=;\r\na,b;c\r\n1;2\r\n", "a.csv");
  EXPECT_THAT(table.header, ElementsAre("a,b", "c"));
  EXPECT_EQ(table.rows[0].line, 3);
}

TEST(CsvTest, LinesAreCountedInsideQuotesWhateverTheirEnd) {
  EXPECT_EQ(parse_csv("a,b\r\"x\ry\",1\r2,3\r", "a.csv").rows[1].line, 4);
}

TEST(CsvTest, ByteOrderMarkIsNotPartOfTheFirstName) {
  EXPECT_THAT(parse_csv("\xef\xbb\xbf"
                        "a,b\n",
                        "a.csv")
                  .header,
              ElementsAre("a", "b"));
  EXPECT_THAT(parse_csv("a,b\n", "a.csv").rows, IsEmpty());
}

TEST(CsvTest, RowsMayHaveAnyNumberOfCells) {
  EXPECT_THAT(parse_csv("a,b\n1\n1,2,3\n", "a.csv").rows[1].cells, ElementsAre("1", "2", "3"));
}

TEST(CsvTest, MistakesAreNamedWithTheirLine) {
  EXPECT_THAT(error_of("a\n1\nx\"y\n"), HasSubstr("a.csv:3: a quote inside a cell"));
  EXPECT_THAT(error_of("a\n\"1\n2\n"), HasSubstr("a.csv:2: a quote begins here"));
  EXPECT_THAT(error_of("a\n\"1\"2\n"), HasSubstr("a.csv:2: text after a closing quote"));
  EXPECT_THAT(error_of("a\n1\0\n"sv), HasSubstr("a.csv:2: contains a NUL"));
  EXPECT_THAT(error_of("\xff\xfe"
                       "a\0,\0"sv),
              HasSubstr("is UTF-16 text; it must be UTF-8"));
  EXPECT_THAT(error_of("\xfe\xff\0a"sv), HasSubstr("UTF-16"));
  EXPECT_THAT(error_of(""), HasSubstr("is empty"));
  EXPECT_THAT(error_of("\n\r\n"), HasSubstr("is empty"));
}

TEST(CsvTest, SizesHaveLimits) {
  EXPECT_EQ(parse_csv(std::string(999, ','), "a.csv").header.size(), 1000U);
  EXPECT_THAT(error_of(std::string(1000, ',')), HasSubstr("more than 1000 columns"));
  EXPECT_EQ(parse_csv(std::string(65536, 'x'), "a.csv").header[0].size(), 65536U);
  EXPECT_THAT(error_of(std::string(65537, 'x')), HasSubstr("longer than 65536 bytes"));
  EXPECT_THAT(error_of("a\n\"" + std::string(65537, '\n')), HasSubstr("longer than 65536 bytes"));
}

}  // namespace
}  // namespace scgan
