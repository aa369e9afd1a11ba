// scgan_report: tables and boxplots from the stores of one or several sweeps.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/version.h"
#include "results/report.h"

namespace {

using scgan::results::ReportFormat;

constexpr int kExitUsage = 2;
constexpr int kExitStorage = 3;

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
  app.set_version_flag("--version", [] { return scgan::version_text(); });
  app.add_option("DIR", options.folders,
                 "Output folders of scgan_sweep; shards of one sweep together")
      ->required();
  app.add_option("--format", options.formats,
                 "text, markdown, csv, html: one or several with commas (default: text; with "
                 "--output: all)")
      ->delimiter(',')
      ->check(CLI::IsMember({"text", "markdown", "csv", "html"}).description(""))
      ->type_name("LIST");
  app.add_option("--output", options.output,
                 "Write the report's files and figures into this folder")
      ->type_name("DIR");
  app.add_flag("--status", options.status, "Only how far each run is");
}

void print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    throw scgan::Error(scgan::ErrorKind::kStorage, "standard output cannot be written");
  }
}

void run(const Options& options) {
  const auto inputs = scgan::results::read_stores(options.folders);
  if (options.status) {
    print(scgan::results::status(inputs));
    return;
  }
  std::vector<ReportFormat> formats;
  for (const std::string& name : options.formats) formats.push_back(format_names().at(name));
  if (options.output.empty()) {
    if (formats.empty()) formats = {ReportFormat::kText};
    for (const ReportFormat format : formats) print(scgan::results::render(inputs, format));
    return;
  }
  if (formats.empty()) {
    for (const auto& [name, format] : format_names()) formats.push_back(format);
  }
  for (const auto& file : scgan::results::write_report(inputs, options.output, formats)) {
    print(file.string() + "\n");
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Tables and boxplots of a sweep's results. Same results, same bytes.",
               "scgan_report");
  Options options;
  try {
    add_options(app, options);
    app.parse(argc, argv);
    run(options);
    return 0;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;  // 0: --help or --version
  } catch (const scgan::Error& error) {
    fmt::print(stderr, "scgan_report: {}\n", error.what());
    return error.kind() == scgan::ErrorKind::kStorage ? kExitStorage : kExitUsage;
  } catch (const std::exception& error) {
    fmt::print(stderr, "scgan_report: {}\n", error.what());
    return kExitUsage;
  }
}
