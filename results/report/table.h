// A table of texts and its forms for a terminal, Markdown and HTML.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace scgan::results {

struct Column {
  std::string title;
  // Numbers are aligned to the right.
  bool number = false;
};

struct Table {
  std::vector<Column> columns;
  // Each row has as many texts as there are columns.
  std::vector<std::vector<std::string>> rows;
};

// The number of characters of a UTF-8 text.
size_t text_width(std::string_view text);

// Columns aligned with spaces below their titles and a rule; every line is indented by two spaces.
std::string to_text(const Table& table);
std::string to_markdown(const Table& table);
// Appends a <table>; one that is worth sorting has the class "sortable". The first cell of each row
// is its heading.
void append_html(std::string& html, const Table& table, const std::string& caption);

// Escapes the special characters of Markdown.
std::string escape_markdown(const std::string& text);

}  // namespace scgan::results
