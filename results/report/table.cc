#include "results/report/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "results/figures/markup.h"

namespace scgan::results {
namespace {

std::vector<size_t> column_widths(const Table& table) {
  std::vector<size_t> widths;
  for (const Column& column : table.columns) widths.push_back(text_width(column.title));
  for (const auto& row : table.rows) {
    for (size_t i = 0; i < widths.size(); ++i) {
      widths[i] = std::max(widths[i], text_width(row.at(i)));
    }
  }
  return widths;
}

std::string text_line(const Table& table, const std::vector<size_t>& widths,
                      const std::vector<std::string>& cells) {
  std::string line = "  ";
  for (size_t i = 0; i < cells.size(); ++i) {
    const std::string padding(widths[i] - text_width(cells[i]), ' ');
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

// The class of each column's cells: numbers to the right; sentences may be wrapped.
std::vector<std::string> html_classes(const Table& table) {
  constexpr size_t kLongestLine = 40;
  std::vector<std::string> classes;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const bool wraps = std::ranges::any_of(
        table.rows, [&](const auto& row) { return row.at(i).size() > kLongestLine; });
    classes.emplace_back(table.columns[i].number ? " class=\"n\"" : wraps ? " class=\"text\"" : "");
  }
  return classes;
}

}  // namespace

size_t text_width(std::string_view text) {
  // Every byte except continuation bytes.
  return static_cast<size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

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

void append_html(std::string& html, const Table& table, const std::string& caption) {
  constexpr size_t kFewestToSort = 3;
  const std::vector<std::string> classes = html_classes(table);
  html += table.rows.size() < kFewestToSort ? "<table>\n" : "<table class=\"sortable\">\n";
  if (!caption.empty()) html += "<caption>" + escape_markup(caption) + "</caption>\n";
  html += "<thead>\n<tr>";
  for (size_t i = 0; i < table.columns.size(); ++i) {
    html += fmt::format("<th scope=\"col\"{}>{}</th>", classes[i],
                        escape_markup(table.columns[i].title));
  }
  html += "</tr>\n</thead>\n<tbody>\n";
  for (const auto& row : table.rows) {
    html += "<tr>";
    for (size_t i = 0; i < row.size(); ++i) {
      html.append(i == 0 ? "<th scope=\"row\"" : "<td").append(classes[i]) += '>';
      html += escape_markup(row[i]);
      html += i == 0 ? "</th>" : "</td>";
    }
    html += "</tr>\n";
  }
  html += "</tbody>\n</table>\n";
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
