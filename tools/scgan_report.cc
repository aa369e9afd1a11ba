// scgan_report: tables and boxplots of the results of one or several sweeps.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/base/exit_code.h"
#include "core/base/sparkline.h"
#include "results/report/check.h"
#include "results/report/report.h"
#include "results/report/tensorboard.h"
#include "results/verify/verify.h"
#include "sweeps/run/live_lines.h"
#include "sweeps/run/output_lock.h"
#include "sweeps/run/stored_progress.h"
#include "tools/cli.h"

namespace {

using scgan::results::ReportFormat;
using scgan::results::RunState;
using scgan::tools::print;

constexpr scgan::tools::Program kProgram{
    "scgan_report",
    "Makes tables and boxplots of sweep results. Equal results produce equal files.",
    "Exit codes: 0 success, 1 --verify found problems or --check a number that changed, 2 bad "
    "flags "
    "or no store, 3 cannot read the store or write the report."};

struct Options {
  std::vector<std::filesystem::path> folders;
  std::vector<std::string> formats;
  std::filesystem::path output;
  bool status = false;
  bool verify = false;
  std::filesystem::path check;
  std::filesystem::path tensorboard;
};

std::map<std::string, ReportFormat> format_names() {
  return {{"text", ReportFormat::kText},   {"markdown", ReportFormat::kMarkdown},
          {"csv", ReportFormat::kCsv},     {"html", ReportFormat::kHtml},
          {"latex", ReportFormat::kLatex}, {"json", ReportFormat::kJson}};
}

void add_options(CLI::App& app, Options& options) {
  app.add_option("DIR", options.folders,
                 "Output folders of scgan_sweep; several folders make one report")
      ->required();
  app.add_option("--format", options.formats,
                 "text, markdown, csv, html, latex, json, separated by commas (default: text; with "
                 "--output: "
                 "all)")
      ->delimiter(',')
      ->check(CLI::IsMember({"text", "markdown", "csv", "html", "latex", "json"}).description(""))
      ->type_name("LIST");
  app.add_option("--output", options.output, "Write the report and its figures into this folder")
      ->type_name("DIR");
  app.add_flag("--status", options.status, "Show only the state of each run")
      ->excludes(app.get_option("--format"))
      ->excludes(app.get_option("--output"));
  app.add_flag("--verify", options.verify,
               "Check that every run and file is there and unchanged, and compute FID and KID "
               "again; with "
               "--output or --format, write the report with the result in its last lines")
      ->excludes(app.get_option("--status"));
  app.add_option("--check", options.check,
                 "Compare every number with an earlier report.json of these folders")
      ->excludes(app.get_option("--format"))
      ->excludes(app.get_option("--output"))
      ->excludes(app.get_option("--status"))
      ->excludes(app.get_option("--verify"))
      ->type_name("FILE");
  auto* tensorboard =
      app.add_option("--tensorboard", options.tensorboard,
                     "Write losses, learning rates and scores of all runs into this folder, for "
                     "tensorboard --logdir DIR")
          ->type_name("DIR");
  for (const char* other : {"--format", "--output", "--status", "--verify", "--check"}) {
    tensorboard->excludes(app.get_option(other));
  }
}

std::string age_text(double seconds) {
  if (seconds < 120) return fmt::format("{:.0f} s", seconds);
  if (seconds < 2 * 3600) return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.0f} h", seconds / 3600);
}

// One line on the job that works in a folder of the input. The runs of a job that was killed are
// still "running" in the store, until the next job starts; here they are to do.
std::string job_text(scgan::results::ReportInput& input, const std::string& folder) {
  const auto job = scgan::sweeps::job_of_folder(folder);
  if (!job || job->is_free) return "";
  const std::string holder = scgan::sweeps::to_text(job->holder);
  if (job->is_running) {
    return fmt::format("{}: a job runs ({}), last sign of life {} ago\n", folder, holder,
                       age_text(job->seconds_since_sign));
  }
  for (auto& run : input.runs) {
    if (scgan::results::folder_of(input, run) != folder) continue;
    if (run.state == RunState::kRunning) run.state = RunState::kPlanned;
  }
  return fmt::format(
      "{}: the last job ({}) was killed, last sign of life {} ago: steps since its last "
      "checkpoints are lost; start the same command again to continue\n",
      folder, holder, age_text(job->seconds_since_sign));
}

std::string jobs_text(scgan::results::ReportInput& input) {
  if (input.shards.empty()) return job_text(input, input.folder);
  std::string text;
  for (const std::string& folder : input.shards) text += job_text(input, folder);
  return text;
}

// The runs that are being trained, as the live view of the job shows them.
std::string live_text(const scgan::results::ReportInput& input) {
  const auto folders = input.shards.empty() ? std::vector{input.folder} : input.shards;
  const auto progress = scgan::sweeps::stored_progress(input.sweep.name, input.runs, folders);
  if (progress.groups.empty()) return "";
  scgan::sweeps::Window window = scgan::sweeps::window_of(STDOUT_FILENO);
  window.rows = progress.groups.size() + 10;  // all of them
  std::string text;
  for (const auto& line : live_lines(progress, window, !scgan::locale_is_utf8())) {
    text += line + "\n";
  }
  return text;
}

// What --verify says of the job that works in a folder, whose store has so many running runs: those
// of a killed job are to do.
std::string job_note(const std::filesystem::path& folder, size_t running,
                     std::map<RunState, size_t>& runs) {
  const auto job = scgan::sweeps::job_of_folder(folder);
  if (!job || job->is_free) return "";
  const std::string holder = scgan::sweeps::to_text(job->holder);
  if (job->is_running) {
    return fmt::format("note: a job runs ({}): unfinished runs have no scores yet\n", holder);
  }
  runs[RunState::kRunning] -= running;
  runs[RunState::kPlanned] += running;
  return fmt::format("note: the last job ({}) was killed: start the same command again\n", holder);
}

int verify(const std::vector<std::filesystem::path>& folders) {
  bool is_sound = true;
  for (const auto& folder : folders) {
    auto verification = scgan::results::verify(folder);
    is_sound = is_sound && verification.problems.empty();
    std::string note;
    for (const auto& [part, running] : verification.running) {
      note += job_note(part, running, verification.runs);
    }
    if (folders.size() > 1) print(folder.string() + ":\n");
    print(note + scgan::results::to_text(verification));
  }
  return is_sound ? scgan::kExitDone : scgan::kExitSomeFailed;
}

// For the last lines of the report. Whether no folder has a problem.
bool add_verifications(std::vector<scgan::results::ReportInput>& inputs) {
  bool is_sound = true;
  for (auto& input : inputs) {
    const auto verification = scgan::results::verify(input.folder);
    is_sound = is_sound && verification.problems.empty();
    input.verification = scgan::results::summary_line(verification);
  }
  return is_sound;
}

std::vector<ReportFormat> chosen_formats(const Options& options) {
  std::vector<ReportFormat> formats;
  for (const std::string& name : options.formats) formats.push_back(format_names().at(name));
  if (!formats.empty()) return formats;
  if (options.output.empty()) return {ReportFormat::kText};
  for (const auto& [name, format] : format_names()) formats.push_back(format);
  return formats;
}

int run(const Options& options) {
  if (options.verify && options.output.empty() && options.formats.empty()) {
    return verify(options.folders);
  }
  auto inputs = scgan::results::read_stores(options.folders);
  if (options.status) {
    std::string jobs;
    for (auto& input : inputs) jobs += jobs_text(input) + live_text(input);
    print(jobs + scgan::results::status(inputs));
    return scgan::kExitDone;
  }
  if (!options.tensorboard.empty()) {
    const auto files = scgan::results::write_tensorboard(inputs, options.tensorboard);
    print(fmt::format("{} event files in {}\n", files.size(), options.tensorboard.string()));
    return scgan::kExitDone;
  }
  if (!options.check.empty()) {
    const auto check = scgan::results::check_numbers(
        options.check, scgan::results::render(inputs, ReportFormat::kJson));
    print(scgan::results::to_text(check));
    return check.is_equal() ? scgan::kExitDone : scgan::kExitSomeFailed;
  }
  const bool is_sound = !options.verify || add_verifications(inputs);
  const std::vector<ReportFormat> formats = chosen_formats(options);
  if (options.output.empty()) {
    for (const ReportFormat format : formats) print(scgan::results::render(inputs, format));
  } else {
    for (const auto& file : scgan::results::write_report(inputs, options.output, formats)) {
      print(file.string() + "\n");
    }
  }
  return is_sound ? scgan::kExitDone : scgan::kExitSomeFailed;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  return scgan::tools::run_program(
      kProgram, argc, argv, [&](CLI::App& app) { add_options(app, options); },
      [&] { return run(options); });
}
