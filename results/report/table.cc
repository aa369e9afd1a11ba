#include "results/report/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "results/figures/markup.h"

namespace scgan::results {
namespace {

// Number of characters in UTF-8 text: every byte except continuation bytes.
size_t width_of(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::vector<size_t> column_widths(const Table& table) {
  std::vector<size_t> widths;
  for (const Column& column : table.columns) widths.push_back(width_of(column.title));
  for (const auto& row : table.rows) {
    for (size_t i = 0; i < widths.size(); ++i) {
      widths[i] = std::max(widths[i], width_of(row.at(i)));
    }
  }
  return widths;
}

std::string text_line(const Table& table, const std::vector<size_t>& widths,
                      const std::vector<std::string>& cells) {
  std::string line = "  ";
  for (size_t i = 0; i < cells.size(); ++i) {
    const std::string padding(widths[i] - width_of(cells[i]), ' ');
    if (i > 0) line += "  ";
    line += table.columns[i].number ? padding + cells[i] : cells[i] + padding;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

std::vector<std::string> titles(const Table& table) {
  std::vector<std::string> all;
  for (const Column& column : table.columns) all.push_back(column.title);
  return all;
}

std::string html_row(const Table& table, const std::vector<std::string>& cells,
                     const std::string& tag) {
  std::string row = "<tr>";
  for (size_t i = 0; i < cells.size(); ++i) {
    const std::string attribute = table.columns[i].number ? " class=\"number\"" : "";
    row += fmt::format("<{0}{1}>{2}</{0}>", tag, attribute, escape_markup(cells[i]));
  }
  return row + "</tr>\n";
}

}  // namespace

std::string to_text(const Table& table) {
  const std::vector<size_t> widths = column_widths(table);
  std::vector<std::string> rules;
  for (const size_t width : widths) rules.emplace_back(width, '-');
  std::string text = text_line(table, widths, titles(table)) + text_line(table, widths, rules);
  for (const auto& row : table.rows) text += text_line(table, widths, row);
  return text;
}

std::string to_markdown(const Table& table) {
  std::string head = "|", rule = "|";
  for (const Column& column : table.columns) {
    head += fmt::format(" {} |", escape_markdown(column.title));
    rule += column.number ? " ---: |" : " --- |";
  }
  std::string text = head + "\n" + rule + "\n";
  for (const auto& row : table.rows) {
    text += '|';
    for (const std::string& cell : row) text += fmt::format(" {} |", escape_markdown(cell));
    text += '\n';
  }
  return text;
}

std::string to_html(const Table& table) {
  std::string text =
      "<table>\n<thead>\n" + html_row(table, titles(table), "th") + "</thead>\n<tbody>\n";
  for (const auto& row : table.rows) text += html_row(table, row, "td");
  return text + "</tbody>\n</table>\n";
}

std::string escape_markdown(const std::string& text) {
  constexpr std::string_view kSpecial = "\\`*_|<>[]#";
  std::string safe;
  for (const char c : text) {
    if (c == '\n') {
      safe += ' ';
      continue;
    }
    if (kSpecial.find(c) != std::string_view::npos) safe += '\\';
    safe += c;
  }
  return safe;
}

}  // namespace scgan::results
