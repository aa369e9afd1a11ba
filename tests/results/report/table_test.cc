#include "results/report/table.h"

#include <gtest/gtest.h>

namespace scgan::results {
namespace {

Table small_table() {
  return {.columns = {{"name"}, {"value", true}}, .rows = {{"a|b", "1"}, {"<c>", "12.5"}}};
}

TEST(TableTest, TextAlignsNumbersToTheRight) {
  EXPECT_EQ(to_text(small_table()),
            "  name  value\n"
            "  ----  -----\n"
            "  a|b       1\n"
            "  <c>    12.5\n");
}

TEST(TableTest, MarkdownEscapesItsOwnCharacters) {
  EXPECT_EQ(to_markdown(small_table()),
            "| name | value |\n| --- | ---: |\n| a\\|b | 1 |\n| \\<c\\> | 12.5 |\n");
}

TEST(TableTest, HtmlEscapesMarkup) {
  const std::string html = to_html(small_table());
  EXPECT_NE(html.find("<td>&lt;c&gt;</td><td class=\"number\">12.5</td>"), std::string::npos);
}

}  // namespace
}  // namespace scgan::results
