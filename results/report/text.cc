#include "results/report/text.h"

#include <sstream>
#include <vector>

namespace scgan::results {
namespace {

constexpr size_t kLineWidth = 100;  // of a terminal's paragraphs

// One paragraph per text, wrapped between words; continuation lines are indented.
std::string wrapped(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) {
    std::istringstream words(text);
    std::string word;
    size_t width = 0;  // of the line so far
    while (words >> word) {
      const bool is_full = width > 0 && width + 1 + text_width(word) > kLineWidth;
      if (is_full) all += "\n  ";
      const bool needs_space = width > 0 && !is_full;
      if (needs_space) all += ' ';
      all += word;
      width = (is_full ? 2 : width + (needs_space ? 1 : 0)) + text_width(word);
    }
    all += '\n';
  }
  return all;
}

std::string underlined(const std::string& heading) {
  return "\n" + heading + "\n" + std::string(text_width(heading), '=') + "\n";
}

std::string part(const std::string& heading, const Table& table) {
  return table.rows.empty() ? "" : underlined(heading) + "\n" + to_text(table);
}

std::string part(const std::string& heading, const std::vector<std::string>& texts) {
  return texts.empty() ? "" : underlined(heading) + wrapped(texts);
}

std::string section_text(const Section& section) {
  std::string text = underlined(section.heading) + wrapped(section.facts) + "\n";
  text += to_text(section.table) + "\n";
  if (!section.comparisons.rows.empty()) text += to_text(section.comparisons) + "\n";
  if (!section.aggregates.rows.empty()) text += to_text(section.aggregates) + "\n";
  return text + wrapped(section.notes);
}

// The sentences of each section as a list.
std::string verdicts_text(const Document& document) {
  std::string text;
  for (const Verdict& verdict : document.verdicts) {
    if (verdict.sentences.empty()) continue;
    text += "\n" + verdict.heading + "\n";
    for (const std::string& sentence : verdict.sentences) text += wrapped({"- " + sentence});
  }
  return text.empty()
             ? ""
             : underlined("What the runs show") + text + "\n" + wrapped(document.verdict_notes);
}

}  // namespace

std::string to_text(const Document& document) {
  std::string text = document.completeness + "\n" + verdicts_text(document);
  text += wrapped(document.sweeps);
  text += wrapped(document.warnings);
  for (const Section& section : document.sections) text += section_text(section);
  text += part("Settings that differ", document.differences);
  text += part("Failed runs", document.failures);
  text += part("Runs without a result yet", document.missing);
  text += part("Methods", document.methods);
  return text + part("Origin of the numbers", document.footer);
}

}  // namespace scgan::results
