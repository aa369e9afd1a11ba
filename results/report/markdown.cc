#include "results/report/markdown.h"

#include <fmt/format.h>

#include <vector>

namespace scgan::results {
namespace {

std::string paragraphs(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += escape_markdown(text) + "\n\n";
  return all;
}

std::string list(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += "- " + escape_markdown(text) + "\n";
  return all + (texts.empty() ? "" : "\n");
}

std::string markdown_part(const std::string& heading, const std::string& content) {
  return content.empty() ? "" : "## " + heading + "\n\n" + content;
}

std::string table_or_nothing(const Table& table) {
  return table.rows.empty() ? "" : to_markdown(table) + "\n";
}

std::string links(const std::vector<Figure>& figures) {
  std::string all;
  for (const Figure& figure : figures) {
    all += fmt::format("![{}]({}.svg)\n\n", escape_markdown(figure.alt), figure.name);
    if (!figure.caption.empty()) all += escape_markdown(figure.caption) + "\n\n";
  }
  return all;
}

std::string section_markdown(const Section& section) {
  return "## " + escape_markdown(section.heading) + "\n\n" + paragraphs(section.facts) +
         table_or_nothing(section.table) + links(section.figures) +
         table_or_nothing(section.comparisons) + table_or_nothing(section.aggregates) +
         paragraphs(section.notes);
}

std::string verdicts_markdown(const Document& document) {
  std::string text;
  for (const Verdict& verdict : document.verdicts) {
    if (verdict.sentences.empty()) continue;
    text += "**" + escape_markdown(verdict.heading) + "**\n\n" + list(verdict.sentences);
  }
  if (!text.empty()) text += paragraphs(document.verdict_notes);
  return markdown_part("What the runs show", text);
}

}  // namespace

std::string to_markdown(const Document& document) {
  std::string text = "# " + escape_markdown(document.title) + "\n\n";
  text += "**" + escape_markdown(document.completeness) + "**\n\n";
  text += verdicts_markdown(document);
  text += paragraphs(document.sweeps) + paragraphs(document.warnings);
  text += markdown_part("Translations", links(document.translations));
  for (const Section& section : document.sections) text += section_markdown(section);
  text += markdown_part("Learning curves", links(document.learning_curves));
  text += markdown_part("Settings that differ", table_or_nothing(document.differences));
  text += markdown_part("Failed runs", table_or_nothing(document.failures));
  text += markdown_part("Runs without a result yet", table_or_nothing(document.missing));
  text += markdown_part("Methods", paragraphs(document.methods));
  text += markdown_part("All runs", table_or_nothing(document.runs));
  return text + markdown_part("Origin of the numbers", paragraphs(document.footer));
}

}  // namespace scgan::results
