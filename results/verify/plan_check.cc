#include "results/verify/plan_check.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "core/base/atomic_file.h"
#include "core/base/error.h"

namespace scgan::results {
namespace {

using Json = nlohmann::json;

constexpr const char* kRemedy = "the same scgan_sweep command writes it again";

struct PlanFile {
  std::string name;
  // With id, spec, and the labels of the spec.
  std::vector<PlannedRun> runs;
};

PlannedRun planned_run(const Json& run) {
  const Json& spec = run.at("spec");
  return {.id = run.at("id").get<std::string>(),
          .variant = spec.at("variant").get<std::string>(),
          .percentage = spec.at("data.percentage").get<double>(),
          .seed = spec.at("seed").get<int64_t>(),
          .axes = spec.at("axes").dump(),
          .dataset = "",
          .data_digest = "",
          .spec = spec.dump()};
}

// Throws what the JSON library throws, or Error.
PlanFile read_plan_file(const std::filesystem::path& file) {
  const Json json = Json::parse(read_file(file));
  PlanFile plan{.name = json.at("name").get<std::string>(), .runs = {}};
  for (const Json& run : json.at("runs")) plan.runs.push_back(planned_run(run));
  return plan;
}

// The keys whose values differ: "seed is 1 in plan.json and 2 in results.db".
std::string differences(const Json& planned, const Json& stored) {
  if (!stored.is_object()) return "the stored one is not a JSON object";
  std::string text;
  const auto value = [](const Json& object, const std::string& key) {
    constexpr auto kReplace = Json::error_handler_t::replace;  // what is not UTF-8
    return object.contains(key) ? object.at(key).dump(-1, ' ', false, kReplace) : "missing";
  };
  Json all = planned;
  all.update(stored);
  for (const auto& [key, ignored] : all.items()) {
    if (value(planned, key) == value(stored, key)) continue;
    text += fmt::format("{}{} is {} in plan.json and {} in results.db", text.empty() ? "" : ", ",
                        key, value(planned, key), value(stored, key));
  }
  return text;
}

void compare(const PlanFile& plan, const StoreContent& content, Sentences& problems) {
  std::map<std::string, const StoredRun*> stored_runs;
  std::vector<std::string> ids, stored_ids;
  for (const StoredRun& stored : content.runs) {
    stored_runs.emplace(stored.plan.id, &stored);
    stored_ids.push_back(stored.plan.id);
  }
  for (const PlannedRun& planned : plan.runs) {
    ids.push_back(planned.id);
    const auto found = stored_runs.find(planned.id);
    if (found == stored_runs.end()) {
      problems.push_back(fmt::format(
          "{}: is in plan.json, but not in the plan of results.db: {}", run_name(planned),
          content.unplanned.contains(planned.id) ? "the store no longer plans it"
                                                 : "its row was deleted"));
      continue;
    }
    const PlannedRun& stored = found->second->plan;
    const std::string differing = differences(
        Json::parse(planned.spec), Json::parse(stored.spec, nullptr, /*exceptions=*/false));
    if (!differing.empty()) {
      problems.push_back(fmt::format("{}: its specs in plan.json and results.db differ: {}",
                                     run_name(stored), differing));
    }
  }
  const bool same_order = ids == stored_ids;
  std::ranges::sort(ids);
  for (const StoredRun& stored : content.runs) {
    if (std::ranges::binary_search(ids, stored.plan.id)) continue;
    problems.push_back(fmt::format("{}: is in the plan of results.db, but not in plan.json; {}",
                                   run_name(stored.plan), kRemedy));
  }
  std::ranges::sort(stored_ids);
  if (!same_order && ids == stored_ids) {
    problems.emplace_back("plan.json: its runs have another order than those of results.db");
  }
  if (plan.name != content.sweep.name) {
    problems.push_back(fmt::format("plan.json: is of the sweep \"{}\", results.db of \"{}\"",
                                   plan.name, content.sweep.name));
  }
}

}  // namespace

Sentences check_plan(const std::filesystem::path& folder, const StoreContent& content) {
  Sentences problems;
  if (content.sweep.version.empty()) {
    problems.emplace_back("results.db: its table sweep has no row: it was deleted");
  }
  try {
    if (read_file(folder / "sweep.yaml") != content.sweep.text) {
      problems.push_back(
          fmt::format("sweep.yaml: is not the sweep file that results.db holds; {}", kRemedy));
    }
  } catch (const Error& problem) {
    problems.push_back(fmt::format("{}; {}", problem.what(), kRemedy));
  }
  try {
    compare(read_plan_file(folder / "plan.json"), content, problems);
  } catch (const Error& problem) {
    problems.push_back(fmt::format("{}; {}", problem.what(), kRemedy));
  } catch (const Json::exception& problem) {
    problems.push_back(
        fmt::format("plan.json: is not a plan of scgan_sweep ({}); {}", problem.what(), kRemedy));
  }
  return problems;
}

}  // namespace scgan::results
