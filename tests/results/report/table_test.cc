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
  std::string html;
  append_html(html, small_table(), "a < b");
  EXPECT_NE(html.find("<caption>a &lt; b</caption>"), std::string::npos);
  EXPECT_NE(html.find("<th scope=\"col\" class=\"n\">value</th>"), std::string::npos);
  EXPECT_NE(html.find("<th scope=\"row\">&lt;c&gt;</th><td class=\"n\">12.5</td>"),
            std::string::npos);
}

}  // namespace
}  // namespace scgan::results
