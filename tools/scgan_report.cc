// scgan_report: tables and boxplots of the results of one or several sweeps.
#include <CLI/App.hpp>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/base/exit_code.h"
#include "results/report.h"
#include "tools/cli.h"

namespace {

using scgan::results::ReportFormat;
using scgan::tools::print;

constexpr scgan::tools::Program kProgram{
    "scgan_report",
    "Makes tables and boxplots of sweep results. Equal results produce equal files.",
    "Exit codes: 0 success, 2 bad flags or no store, 3 cannot read the store or write the report."};

struct Options {
  std::vector<std::filesystem::path> folders;
  std::vector<std::string> formats;
  std::filesystem::path output;
  bool status = false;
};

std::map<std::string, ReportFormat> format_names() {
  return {{"text", ReportFormat::kText},
          {"markdown", ReportFormat::kMarkdown},
          {"csv", ReportFormat::kCsv},
          {"html", ReportFormat::kHtml}};
}

void add_options(CLI::App& app, Options& options) {
  app.add_option("DIR", options.folders,
                 "Output folders of scgan_sweep; several folders make one report")
      ->required();
  app.add_option("--format", options.formats,
                 "text, markdown, csv, html, separated by commas (default: text; with --output: "
                 "all)")
      ->delimiter(',')
      ->check(CLI::IsMember({"text", "markdown", "csv", "html"}).description(""))
      ->type_name("LIST");
  app.add_option("--output", options.output, "Write the report and its figures into this folder")
      ->type_name("DIR");
  app.add_flag("--status", options.status, "Show only the state of each run")
      ->excludes(app.get_option("--format"))
      ->excludes(app.get_option("--output"));
}

int run(const Options& options) {
  const auto inputs = scgan::results::read_stores(options.folders);
  if (options.status) {
    print(scgan::results::status(inputs));
    return scgan::kExitDone;
  }
  std::vector<ReportFormat> formats;
  for (const std::string& name : options.formats) formats.push_back(format_names().at(name));
  if (options.output.empty()) {
    if (formats.empty()) formats = {ReportFormat::kText};
    for (const ReportFormat format : formats) print(scgan::results::render(inputs, format));
    return scgan::kExitDone;
  }
  if (formats.empty()) {
    for (const auto& [name, format] : format_names()) formats.push_back(format);
  }
  for (const auto& file : scgan::results::write_report(inputs, options.output, formats)) {
    print(file.string() + "\n");
  }
  return scgan::kExitDone;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  return scgan::tools::run_program(
      kProgram, argc, argv, [&](CLI::App& app) { add_options(app, options); },
      [&] { return run(options); });
}
