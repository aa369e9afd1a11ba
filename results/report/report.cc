#include "results/report/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "results/figures/boxplot.h"
#include "results/report/csv.h"
#include "results/report/document.h"
#include "results/report/html.h"
#include "results/report/summary.h"
#include "results/store/result_store.h"

namespace scgan::results {
namespace {

constexpr size_t kLineWidth = 100;  // of a terminal's paragraphs

// One paragraph per text, wrapped between words; continuation lines are indented.
std::string paragraphs(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) {
    std::istringstream words(text);
    std::string word;
    size_t width = 0;  // of the line so far
    while (words >> word) {
      const bool is_full = width > 0 && width + 1 + word.size() > kLineWidth;
      if (is_full) all += "\n  ";
      const bool needs_space = width > 0 && !is_full;
      if (needs_space) all += ' ';
      all += word;
      width = (is_full ? 2 : width + (needs_space ? 1 : 0)) + word.size();
    }
    all += '\n';
  }
  return all;
}

std::string heading_text(const std::string& heading) {
  return "\n" + heading + "\n" + std::string(heading.size(), '=') + "\n";
}

std::string runs_text(const std::string& heading, const Table& table) {
  return table.rows.empty() ? "" : heading_text(heading) + "\n" + to_text(table);
}

// The sentences of each section as a list.
std::string verdicts_text(const std::vector<Verdict>& verdicts) {
  std::string text;
  for (const Verdict& verdict : verdicts) {
    if (verdict.sentences.empty()) continue;
    text += "\n" + verdict.heading + "\n";
    for (const std::string& sentence : verdict.sentences) text += paragraphs({"- " + sentence});
  }
  return text.empty() ? "" : heading_text("What the runs show") + text + "\n";
}

std::string comparisons_text(const Table& table) {
  return table.rows.empty() ? "" : to_text(table) + "\n";
}

std::string document_text(const Document& document) {
  std::string text = document.completeness + "\n" + verdicts_text(document.verdicts);
  text += paragraphs(document.sweeps);
  text += paragraphs(document.warnings);
  for (const Section& section : document.sections) {
    text += heading_text(section.heading);
    text += paragraphs(section.facts) + "\n" + to_text(section.table) + "\n";
    text += comparisons_text(section.comparisons) + paragraphs(section.notes);
  }
  text += runs_text("Failed runs", document.failures);
  return text + runs_text("Runs without a result yet", document.missing);
}

std::string markdown_paragraphs(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += escape_markdown(text) + "\n\n";
  return all;
}

std::string runs_markdown(const std::string& heading, const Table& table) {
  return table.rows.empty() ? "" : "\n## " + heading + "\n\n" + to_markdown(table);
}

std::string verdicts_markdown(const std::vector<Verdict>& verdicts) {
  std::string text;
  for (const Verdict& verdict : verdicts) {
    if (verdict.sentences.empty()) continue;
    text += "**" + escape_markdown(verdict.heading) + "**\n\n";
    for (const std::string& sentence : verdict.sentences) {
      text += "- " + escape_markdown(sentence) + "\n";
    }
    text += "\n";
  }
  return text.empty() ? "" : "## What the runs show\n\n" + text;
}

std::string document_markdown(const Document& document) {
  std::string text = "# " + escape_markdown(document.title) + "\n\n**" +
                     escape_markdown(document.completeness) + "**\n\n";
  text += verdicts_markdown(document.verdicts);
  text += markdown_paragraphs(document.sweeps) + markdown_paragraphs(document.warnings);
  for (const Section& section : document.sections) {
    text += "## " + escape_markdown(section.heading) + "\n\n" + markdown_paragraphs(section.facts);
    text += to_markdown(section.table) + "\n";
    if (!section.comparisons.rows.empty()) text += to_markdown(section.comparisons) + "\n";
    text += markdown_paragraphs(section.notes);
    for (const Figure& figure : section.figures) {
      text += fmt::format("![{}]({}.svg)\n\n", escape_markdown(figure.alt), figure.name);
    }
  }
  text += runs_markdown("Failed runs", document.failures);
  text += runs_markdown("Runs without a result yet", document.missing);
  return text + runs_markdown("All runs", document.runs);
}

// Writes files into one folder and keeps a list of them.
class ReportFolder {
 public:
  explicit ReportFolder(std::filesystem::path folder) : folder_(std::move(folder)) {
    std::error_code error;
    std::filesystem::create_directories(folder_, error);
    if (error) {
      throw Error(ErrorKind::kStorage, fmt::format("{}: cannot create this folder: {}",
                                                   folder_.string(), error.message()));
    }
  }

  void write(const std::string& name, const std::string& bytes) {
    files_.push_back(folder_ / name);
    write_file_atomically(files_.back(), bytes);
  }

  std::vector<std::filesystem::path> take() { return std::move(files_); }

 private:
  std::filesystem::path folder_;
  std::vector<std::filesystem::path> files_;
};

}  // namespace

std::vector<ReportInput> read_stores(const std::vector<std::filesystem::path>& folders) {
  std::vector<ReportInput> inputs;
  for (const std::filesystem::path& folder : folders) {
    const std::filesystem::path file = folder / "results.db";
    std::error_code error;
    if (!std::filesystem::is_regular_file(file, error)) {
      throw Error(ErrorKind::kInvalidSpec,
                  fmt::format("{}: has no results.db; expected the --out folder of scgan_sweep",
                              folder.string()));
    }
    const ResultStore store = ResultStore::open_read_only(file);
    inputs.push_back({.folder = folder.string(),
                      .sweep = store.sweep(),
                      .runs = store.runs(),
                      .data_notes = store.data_notes()});
  }
  return inputs;
}

std::string render(const std::vector<ReportInput>& inputs, ReportFormat format) {
  switch (format) {
    case ReportFormat::kText:
      return document_text(make_document(analyse(inputs), /*with_figures=*/false));
    case ReportFormat::kMarkdown:
      return document_markdown(make_document(analyse(inputs), /*with_figures=*/true));
    case ReportFormat::kCsv:
      return runs_csv(summarize(inputs));
    case ReportFormat::kHtml:
      return to_html(make_document(analyse(inputs), /*with_figures=*/true));
  }
  return {};
}

std::vector<std::filesystem::path> write_report(const std::vector<ReportInput>& inputs,
                                                const std::filesystem::path& folder,
                                                const std::vector<ReportFormat>& formats) {
  const auto wanted = [&](ReportFormat format) {
    return std::ranges::find(formats, format) != formats.end();
  };
  const Analysis analysis = analyse(inputs);
  const Document document =
      make_document(analysis, wanted(ReportFormat::kMarkdown) || wanted(ReportFormat::kHtml));
  ReportFolder files(folder);
  if (wanted(ReportFormat::kText)) files.write("report.txt", document_text(document));
  if (wanted(ReportFormat::kMarkdown)) {
    files.write("report.md", document_markdown(document));
    std::vector<Figure> figures = document.figures;
    for (const Section& section : document.sections) {
      figures.insert(figures.end(), section.figures.begin(), section.figures.end());
    }
    for (const Figure& figure : figures) files.write(figure.name + ".svg", figure.svg);
  }
  if (wanted(ReportFormat::kCsv)) {
    files.write("runs.csv", runs_csv(analysis.summary));
    files.write("summary.csv", summary_csv(analysis.summary));
  }
  if (wanted(ReportFormat::kHtml)) files.write("report.html", to_html(document));
  return files.take();
}

std::string completeness(const std::vector<ReportInput>& inputs) {
  return completeness_line(merge_runs(inputs).runs);
}

std::string status(const std::vector<ReportInput>& inputs) {
  const MergedRuns merged = merge_runs(inputs);
  return completeness_line(merged.runs) + "\n" + to_text(runs_table(merged.runs));
}

}  // namespace scgan::results
