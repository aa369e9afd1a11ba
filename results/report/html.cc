#include "results/report/html.h"

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "results/figures/markup.h"
#include "results/figures/svg.h"
#include "results/report/html_page.h"

namespace scgan::results {
namespace {

// Nothing is loaded from elsewhere, whatever the texts of a store contain.
constexpr std::string_view kHead =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
    "'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n<title>";

// From this many entries on, a table of contents helps.
constexpr size_t kFewestForContents = 4;

// Builds the page from top to bottom in one string.
class HtmlPage {
 public:
  std::string make(const Document& document) {
    html_ = kHead;
    add_text(document.title);
    html_ += "</title>\n<style>";
    html_ += kPageStyle;
    html_ += kFigureStyle;
    html_ += "</style>\n</head>\n<body>\n";
    add_header(document);
    add_contents(document);
    add_main(document);
    add_footer(document.footer);
    html_ += "<script>";
    html_ += kPageScript;
    html_ += "</script>\n</body>\n</html>\n";
    return std::move(html_);
  }

 private:
  void add_text(std::string_view text) { html_ += escape_markup(text); }

  void add_paragraphs(const std::vector<std::string>& texts, std::string_view style) {
    for (const std::string& text : texts) {
      html_ += "<p";
      if (!style.empty()) (html_ += " class=\"").append(style) += '"';
      html_ += '>';
      add_text(text);
      html_ += "</p>\n";
    }
  }

  void add_list(const std::vector<std::string>& texts) {
    if (texts.size() < 2) return add_paragraphs(texts, "");
    html_ += "<ul>\n";
    for (const std::string& text : texts) {
      html_ += "<li>";
      add_text(text);
      html_ += "</li>\n";
    }
    html_ += "</ul>\n";
  }

  void add_header(const Document& document) {
    html_ += "<header>\n<h1>";
    add_text(document.title);
    html_ += "</h1>\n";
    add_paragraphs(document.sweeps, "soft");
    html_ +=
        "<section class=\"box verdict\" aria-labelledby=\"result\">\n"
        "<h2 id=\"result\">What the runs show</h2>\n";
    for (const Verdict& verdict : document.verdicts) {
      if (verdict.sentences.empty()) continue;
      html_ += "<h3>" + escape_markup(verdict.heading) + "</h3>\n";
      add_list(verdict.sentences);
    }
    add_paragraphs(document.verdict_notes, "soft");
    add_paragraphs({document.completeness}, "complete");
    html_ += "</section>\n";
    if (!document.warnings.empty()) {
      html_ +=
          "<section class=\"box warnings\" aria-labelledby=\"warnings\">\n"
          "<h2 id=\"warnings\">Read this first</h2>\n";
      add_list(document.warnings);
      html_ += "</section>\n";
    }
    html_ += "</header>\n";
  }

  // The parts of the page in order; `id` is their anchor.
  static std::vector<std::string> headings(const Document& document) {
    std::vector<std::string> all;
    if (!document.translations.empty()) all.emplace_back("Translations");
    for (const Section& section : document.sections) all.push_back(section.heading);
    if (!document.learning_curves.empty()) all.emplace_back("Learning curves");
    if (!document.differences.rows.empty()) all.emplace_back("Settings that differ");
    if (!document.failures.rows.empty()) all.emplace_back("Failed runs");
    if (!document.missing.rows.empty()) all.emplace_back("Runs without a result yet");
    if (!document.methods.empty()) all.emplace_back("Methods");
    all.emplace_back("All runs");
    return all;
  }

  void add_contents(const Document& document) {
    const std::vector<std::string> all = headings(document);
    if (all.size() < kFewestForContents) return;
    html_ += "<nav aria-labelledby=\"contents\">\n<h2 id=\"contents\">Contents</h2>\n<ul>\n";
    for (size_t i = 0; i < all.size(); ++i) {
      html_ += fmt::format("<li><a href=\"#part-{}\">{}</a></li>\n", i + 1, escape_markup(all[i]));
    }
    html_ += "</ul>\n</nav>\n";
  }

  void open_part(const std::string& heading) {
    ++part_;
    html_ += fmt::format("<section aria-labelledby=\"part-{0}\">\n<h2 id=\"part-{0}\">{1}</h2>\n",
                         part_, escape_markup(heading));
  }
  void close_part() { html_ += "</section>\n"; }

  // A box of its own scrolls a wide table, also by keyboard.
  void add_table(const Table& table, const std::string& caption) {
    if (table.rows.empty()) return;
    html_ += fmt::format("<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"{}\">\n",
                         escape_markup(caption));
    append_html(html_, table, caption);
    html_ += "</div>\n";
  }

  void add_figures(const std::vector<Figure>& figures) {
    for (const Figure& figure : figures) {
      html_ += fmt::format(
          "<figure>\n<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"Figure\">\n"
          "<div role=\"img\" aria-label=\"{}\">\n",
          escape_markup(figure.alt));
      html_ += figure.svg;
      html_ += "</div>\n</div>\n";
      if (!figure.caption.empty()) {
        html_ += "<figcaption>" + escape_markup(figure.caption) + "</figcaption>\n";
      }
      html_ += "</figure>\n";
    }
  }

  void add_section(const Section& section) {
    open_part(section.heading);
    add_table(section.table, "Scores of each model and amount of training data");
    add_figures(section.figures);
    add_table(section.comparisons, "Comparisons behind the statements above");
    add_table(section.aggregates, "All amounts of data together, relative to the first variant");
    add_paragraphs(section.facts, "soft");
    add_paragraphs(section.notes, "notes");
    close_part();
  }

  void add_runs(const std::string& heading, const Table& table) {
    if (table.rows.empty()) return;
    open_part(heading);
    add_table(table, count_text(table));
    close_part();
  }

  static std::string count_text(const Table& table) {
    return fmt::format("{} {}", table.rows.size(), table.rows.size() == 1 ? "run" : "runs");
  }

  void add_figures_part(const std::string& heading, const std::vector<Figure>& figures) {
    if (figures.empty()) return;
    open_part(heading);
    add_figures(figures);
    close_part();
  }

  void add_main(const Document& document) {
    html_ += "<main>\n";
    add_figures_part("Translations", document.translations);
    for (const Section& section : document.sections) add_section(section);
    add_figures_part("Learning curves", document.learning_curves);
    if (!document.differences.rows.empty()) {
      open_part("Settings that differ");
      add_table(document.differences, "Settings in which the models differ; all others are equal");
      close_part();
    }
    add_runs("Failed runs", document.failures);
    add_runs("Runs without a result yet", document.missing);
    if (!document.methods.empty()) {
      open_part("Methods");
      add_paragraphs(document.methods, "");
      close_part();
    }
    open_part("All runs");
    html_ += "<details>\n<summary>Show " + count_text(document.runs) + "</summary>\n";
    add_table(document.runs, count_text(document.runs));
    html_ += "</details>\n";
    close_part();
    html_ += "</main>\n";
  }

  void add_footer(const std::vector<std::string>& lines) {
    if (lines.empty()) return;
    html_ += "<footer>\n";
    add_paragraphs(lines, "");
    html_ += "</footer>\n";
  }

  std::string html_;
  int part_ = 0;
};

}  // namespace

std::string to_html(const Document& document) { return HtmlPage().make(document); }

}  // namespace scgan::results
