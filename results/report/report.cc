#include "results/report/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "results/report/csv.h"
#include "results/report/document.h"
#include "results/report/figure_files.h"
#include "results/report/html.h"
#include "results/report/json.h"
#include "results/report/latex.h"
#include "results/report/markdown.h"
#include "results/report/store_input.h"
#include "results/report/summary.h"
#include "results/report/text.h"
#include "results/store/shard_plan.h"

namespace scgan::results {
namespace {

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

  // Files that another function has written there.
  void add(const std::vector<std::filesystem::path>& files) {
    files_.insert(files_.end(), files.begin(), files.end());
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
    if (store_folders(folder).front() == folder) {
      inputs.push_back(read_store(folder));
    } else {
      inputs.push_back(read_shards(folder));
    }
  }
  return inputs;
}

std::string render(const std::vector<ReportInput>& inputs, ReportFormat format) {
  if (format == ReportFormat::kCsv) return runs_csv(summarize(inputs));  // compares nothing
  const Analysis analysis = analyse(inputs);
  switch (format) {
    case ReportFormat::kText:
      return to_text(make_document(analysis, /*with_figures=*/false));
    case ReportFormat::kMarkdown:
      return to_markdown(make_document(analysis, /*with_figures=*/true));
    case ReportFormat::kCsv:
      break;
    case ReportFormat::kHtml:
      return to_html(make_document(analysis, /*with_figures=*/true));
    case ReportFormat::kLatex:
      return to_latex(analysis);
    case ReportFormat::kJson:
      return to_json(analysis, make_document(analysis, /*with_figures=*/false));
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
  if (wanted(ReportFormat::kText)) files.write("report.txt", to_text(document));
  if (wanted(ReportFormat::kMarkdown)) {
    files.write("report.md", to_markdown(document));
    std::vector<Figure> figures = document.translations;
    for (const Section& section : document.sections) {
      figures.insert(figures.end(), section.figures.begin(), section.figures.end());
    }
    figures.insert(figures.end(), document.learning_curves.begin(), document.learning_curves.end());
    std::vector<std::filesystem::path> svgs;
    for (const Figure& figure : figures) {
      svgs.push_back(folder / (figure.name + ".svg"));
      files.write(figure.name + ".svg", figure.svg);
    }
    files.add(convert_figures(svgs));
  }
  if (wanted(ReportFormat::kCsv)) {
    files.write("runs.csv", runs_csv(analysis.summary));
    files.write("scores.csv", scores_csv(analysis.summary));
    files.write("summary.csv", summary_csv(analysis.summary));
  }
  if (wanted(ReportFormat::kHtml)) files.write("report.html", to_html(document));
  if (wanted(ReportFormat::kLatex)) files.write("report.tex", to_latex(analysis));
  if (wanted(ReportFormat::kJson)) files.write("report.json", to_json(analysis, document));
  return files.take();
}

std::string completeness(const std::vector<ReportInput>& inputs) {
  return completeness_line(merge_runs(inputs).runs);
}

std::string status(const std::vector<ReportInput>& inputs) {
  const MergedRuns merged = merge_runs(inputs);
  std::string text = completeness_line(merged.runs) + "\n";
  for (const std::string& conflict : merged.conflicts) text += conflict + "\n";
  return text + to_text(runs_table(merged.runs));
}

}  // namespace scgan::results
