#include "results/report/tensorboard.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>
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

// Reads a file of a run with one JSON object per step, up to an incomplete last line, as a run that
// trains may have. False without the file.
bool read_steps(const std::filesystem::path& file,
                const std::function<void(int64_t step, const nlohmann::json& line)>& read) {
  std::ifstream stream(file);
  if (!stream) return false;
  for (std::string line; std::getline(stream, line);) {
    const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object() || !json.contains("step")) break;
    read(json.at("step").get<int64_t>(), json);
  }
  return true;
}

// nullopt without a file.
std::optional<Steps> logged_scalars(const std::filesystem::path& file) {
  Steps steps;
  const bool exists = read_steps(file, [&](int64_t step, const nlohmann::json& line) {
    Scalars& scalars = steps[step];
    for (const auto& [key, value] : line.items()) {
      if (key == "learning_rate") {
        scalars[key] = value.get<double>();
      } else if (value.is_number_float() || value.is_number_integer()) {
        if (key != "step" && key != "epoch") scalars["loss/" + key] = value.get<double>();
      }
    }
  });
  return exists ? std::optional(std::move(steps)) : std::nullopt;
}

// When steps were done, in seconds since 1970, by step; at step 0, the start of the first attempt.
using Times = std::map<int64_t, double>;

// times.jsonl counts the seconds of training. An attempt counts on from those of its first step, so
// they and its start say when its steps were done. Empty without the file.
Times step_times(const std::filesystem::path& file, const std::vector<AttemptBegin>& attempts) {
  Times trained{{0, 0}};
  read_steps(file, [&](int64_t step, const nlohmann::json& line) {
    trained[step] = line.value("seconds", 0.0);
  });
  if (trained.size() == 1 || attempts.empty()) return {};
  Times times;
  for (const auto& [first_step, started_ms] : attempts) {
    const auto first_after = trained.upper_bound(first_step);
    const double start = static_cast<double>(started_ms) / 1000 - std::prev(first_after)->second;
    for (auto step = first_after; step != trained.end(); ++step) {
      times[step->first] = start + step->second;
    }
  }
  times[0] = static_cast<double>(attempts.front().started_ms) / 1000;
  return times;
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

// A step without a time has that of the last one before it.
std::string event_file(const Steps& steps, const Times& times) {
  EventFile file(times.empty() ? 0 : times.begin()->second);
  for (const auto& [step, scalars] : steps) {
    const auto after = times.upper_bound(step);
    const double time = times.empty() ? 0 : std::prev(after)->second;
    file.add(step, {scalars.begin(), scalars.end()}, time);
  }
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
    const std::filesystem::path of_run =
        std::filesystem::path(folder_of(*summary.sources[i], run)) / "runs" / run.plan.id;
    auto steps = logged_scalars(of_run / "log.jsonl");
    const Times times = step_times(of_run / "times.jsonl", records.attempts(run));
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
    write_file_atomically(files.back(), event_file(*steps, times));
  }
  return files;
}

}  // namespace scgan::results
