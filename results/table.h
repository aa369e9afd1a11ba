// A table of texts, written for a terminal, for Markdown or for HTML.
#pragma once

#include <string>
#include <vector>

namespace scgan::results {

struct Column {
  std::string title;
  bool number = false;  // numbers stand to the right
};

struct Table {
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;  // as many texts as columns
};

// Columns aligned with spaces, title and rule above; every line starts with two spaces.
std::string to_text(const Table& table);
std::string to_markdown(const Table& table);
std::string to_html(const Table& table);

// Markdown's special characters made plain.
std::string escape_markdown(const std::string& text);

}  // namespace scgan::results
