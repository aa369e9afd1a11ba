#include "results/report/html.h"

#include <string_view>
#include <vector>

#include "results/figures/markup.h"

namespace scgan::results {
namespace {

constexpr std::string_view kStyle = R"css(
:root { color-scheme: light; }
body { font: 15px/1.5 sans-serif; color: #222; background: #fff; max-width: 1080px; margin: 2rem auto;
       padding: 0 1rem; }
h1 { font-size: 1.6rem; margin: 0 0 .5rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; padding-top: .8rem; border-top: 1px solid #ddd; }
.complete { font-weight: bold; padding: .6rem .9rem; background: #eef4fa; border-left: 4px solid #0072B2; }
.warning { padding: .6rem .9rem; background: #fdf1ea; border-left: 4px solid #D55E00; }
.facts { color: #555; margin: .2rem 0 .8rem; }
.notes { color: #555; font-size: .9rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .5rem 0; }
th, td { padding: .25rem .7rem; border-bottom: 1px solid #e2e2e2; text-align: left; white-space: nowrap; }
td:last-child { white-space: normal; }
th { border-bottom: 2px solid #999; }
.number { text-align: right; }
tbody tr:nth-child(even) { background: #f7f7f7; }
svg { max-width: 100%; height: auto; display: block; margin: 1rem 0; }
)css";

std::string paragraph(const std::string& text, const std::string& style) {
  return "<p class=\"" + style + "\">" + escape_markup(text) + "</p>\n";
}

std::string paragraphs(const std::vector<std::string>& texts, const std::string& style) {
  std::string html;
  for (const std::string& text : texts) html += paragraph(text, style);
  return html;
}

std::string wide_table(const Table& table) {
  return "<div class=\"wide\">\n" + to_html(table) + "</div>\n";
}

std::string figures_html(const std::vector<Figure>& figures) {
  std::string html;
  for (const Figure& figure : figures) html += "<div class=\"wide\">\n" + figure.svg + "</div>\n";
  return html;
}

std::string section_html(const Section& section) {
  return "<section>\n<h2>" + escape_markup(section.heading) + "</h2>\n" +
         paragraphs(section.facts, "facts") + wide_table(section.table) +
         paragraphs(section.notes, "notes") + figures_html(section.figures) + "</section>\n";
}

std::string runs_section(const std::string& heading, const Table& table) {
  if (table.rows.empty()) return {};
  return "<section>\n<h2>" + escape_markup(heading) + "</h2>\n" + wide_table(table) +
         "</section>\n";
}

}  // namespace

std::string to_html(const Document& document) {
  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>";
  html += escape_markup(document.title) + "</title>\n<style>";
  html += kStyle;
  html += "</style>\n</head>\n<body>\n<h1>" + escape_markup(document.title) + "</h1>\n";
  html += paragraph(document.completeness, "complete");
  html += paragraphs(document.sweeps, "facts");
  html += paragraphs(document.warnings, "warning");
  for (const Section& section : document.sections) html += section_html(section);
  html += runs_section("Failed runs", document.failures);
  html += runs_section("Runs without a result yet", document.missing);
  html += runs_section("All runs", document.runs);
  return html + "</body>\n</html>\n";
}

}  // namespace scgan::results
