#include "results/report/tensorboard.h"

#include <fmt/format.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "results/report/event_file.h"
#include "results/report/summary.h"
#include "results/report/training_records.h"

namespace scgan::results {
namespace {

using Scalars = std::map<std::string, double>;  // by tag
using Steps = std::map<int64_t, Scalars>;

// Up to an incomplete last line, as a run that trains may have. nullopt without a file.
std::optional<Steps> logged_scalars(const std::filesystem::path& file) {
  std::ifstream stream(file);
  if (!stream) return std::nullopt;
  Steps steps;
  for (std::string line; std::getline(stream, line);) {
    const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object() || !json.contains("step")) break;
    Scalars& scalars = steps[json.at("step").get<int64_t>()];
    for (const auto& [key, value] : json.items()) {
      if (key == "learning_rate") {
        scalars[key] = value.get<double>();
      } else if (value.is_number_float() || value.is_number_integer()) {
        if (key != "step" && key != "epoch") scalars["loss/" + key] = value.get<double>();
      }
    }
  }
  return steps;
}

void add_main_scores(const std::vector<Metric>& metrics, Steps& steps) {
  for (const Metric& metric : metrics) {
    if (!is_main_score(metric)) continue;
    steps[metric.step][fmt::format("{}/{}", metric.name, metric.direction)] = metric.value;
  }
}

// A name of a folder: TensorBoard shows it as the name of the run.
std::string folder_name(const PlannedRun& run) {
  std::string name =
      fmt::format("{} {:g} % seed {} {}", run_label(run), run.percentage, run.seed, run.id);
  std::ranges::replace(name, '/', '_');
  return name;
}

std::string event_file(const Steps& steps) {
  EventFile file;
  for (const auto& [step, scalars] : steps) file.add(step, {scalars.begin(), scalars.end()});
  return file.bytes();
}

}  // namespace

std::vector<std::filesystem::path> write_tensorboard(const std::vector<ReportInput>& inputs,
                                                     const std::filesystem::path& folder) {
  const Summary summary = summarize(inputs);
  TrainingRecords records(summary);
  std::vector<std::filesystem::path> files;
  for (size_t i = 0; i < summary.runs.size(); ++i) {
    const StoredRun& run = *summary.runs[i];
    const std::filesystem::path of_run = folder_of(*summary.sources[i], run);
    auto steps = logged_scalars(of_run / "runs" / run.plan.id / "log.jsonl");
    if (!steps) {
      steps.emplace();
      for (const auto& [step, name, value] : records.losses(run)) {
        (*steps)[step]["loss/" + name] = value;
      }
    }
    add_main_scores(records.scores(run), *steps);
    add_main_scores(run.metrics, *steps);
    if (steps->empty()) continue;
    files.push_back(folder / folder_name(run.plan) / "events.out.tfevents.scgan");
    std::error_code failed;
    std::filesystem::create_directories(files.back().parent_path(), failed);
    write_file_atomically(files.back(), event_file(*steps));
  }
  return files;
}

}  // namespace scgan::results
