#include "sweeps/plan/expand.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "core/base/error.h"
#include "core/spec/run_id.h"
#include "core/spec/spec_keys.h"
#include "core/spec/validate.h"
#include "sweeps/plan/value_reader.h"

namespace scgan::sweeps {
namespace {

using KeyTable = std::map<std::string, const SpecKey*>;

KeyTable key_table() {
  KeyTable table;
  for (const SpecKey& key : spec_keys()) table.emplace(key.path, &key);
  return table;
}

void assign(const Assignments& assignments, const KeyTable& keys, RunSpec& spec) {
  for (const auto& [path, value] : assignments) keys.at(path)->set(spec, value);
}

// Every combination of the axes' values; the last axis changes fastest. Without axes there is one
// empty combination.
std::vector<Assignments> combinations(const std::vector<Axis>& axes) {
  std::vector<Assignments> all = {{}};
  for (const Axis& axis : axes) {
    std::vector<Assignments> longer;
    for (const Assignments& combination : all) {
      for (const SpecValue& value : axis.values) {
        longer.push_back(combination);
        longer.back().emplace_back(axis.key, value);
      }
    }
    all = std::move(longer);
  }
  return all;
}

std::string json_object(const Assignments& assignments) {
  std::string text = "{";
  for (const auto& [path, value] : assignments) {
    if (text.size() > 1) text += ',';
    text += fmt::format("{}:{}", to_json(path), to_json(value));
  }
  return text + "}";
}

bool matches(const Exclusion& exclusion, const RunSpec& run, const Assignments& axes) {
  return std::all_of(
      exclusion.conditions.begin(), exclusion.conditions.end(), [&](const auto& condition) {
        const auto& [name, required] = condition;
        if (name == "variant") return same_value(required, run.variant);
        if (name == "percentage") return same_value(required, run.data.percentage);
        if (name == "seed") return same_value(required, run.seed);
        return std::any_of(axes.begin(), axes.end(),
                           [&, &key = name, &value = required](const auto& axis) {
                             return axis.first == key && same_value(axis.second, value);
                           });
      });
}

// The run as messages name it.
std::string described(const RunSpec& run) {
  std::string text = fmt::format("{} {} % seed {}", run.variant, run.data.percentage, run.seed);
  if (run.axes != "{}") text += " " + run.axes;
  return text;
}

// Messages and the runs that each concerns, in order of first appearance.
class ProblemList {
 public:
  void add(const std::string& message, const std::string& run) {
    auto found = std::find_if(problems_.begin(), problems_.end(),
                              [&](const auto& problem) { return problem.first == message; });
    if (found == problems_.end()) {
      found = problems_.insert(problems_.end(), {message, {}});
    }
    if (!run.empty()) found->second.push_back(run);
  }

  void throw_if_any(size_t run_count) const {
    if (problems_.empty()) return;
    std::string text;
    for (const auto& [message, runs] : problems_) {
      if (!text.empty()) text += '\n';
      text += message + concerned(runs, run_count);
    }
    throw Error(ErrorKind::kInvalidSpec, text);
  }

 private:
  static std::string concerned(const std::vector<std::string>& runs, size_t run_count) {
    if (runs.empty() || runs.size() == run_count) return "";
    std::string text = " (run " + runs.front();
    if (runs.size() > 1) text += fmt::format(" and {} more", runs.size() - 1);
    return text + ")";
  }

  std::vector<std::pair<std::string, std::vector<std::string>>> problems_;
};

std::string located(const SweepSpec& sweep, const std::string& key) {
  const auto location = sweep.locations.find(key);
  return location == sweep.locations.end() ? key : location->second + ": " + key;
}

// All runs in training order without the excluded ones; counts the runs that each exclusion
// matches.
std::vector<RunSpec> combine(const SweepSpec& sweep, std::vector<int>& matched) {
  const KeyTable keys = key_table();
  const std::vector<Assignments> axes = combinations(sweep.axes);
  std::vector<RunSpec> runs;
  const auto add = [&](int64_t seed, double percentage, const Variant& variant,
                       const Assignments& values) {
    RunSpec run;
    assign(variant.presets, keys, run);
    assign(sweep.base, keys, run);
    assign(variant.overrides, keys, run);
    assign(values, keys, run);
    run.sweep = sweep.name;
    run.variant = variant.name;
    run.axes = json_object(values);
    run.seed = seed;
    run.data.percentage = percentage;
    resolve_defaults(run);
    bool excluded = false;
    for (size_t i = 0; i < sweep.exclude.size(); ++i) {
      if (!matches(sweep.exclude[i], run, values)) continue;
      excluded = true;
      ++matched[i];
    }
    if (!excluded) runs.push_back(std::move(run));
  };
  for (const int64_t seed : sweep.seeds) {
    for (const double percentage : sweep.percentages) {
      for (const Variant& variant : sweep.variants) {
        for (const Assignments& values : axes) add(seed, percentage, variant, values);
      }
    }
  }
  return runs;
}

// The id does not depend on paths, but before the digests are known, paths distinguish files.
std::string identity(const RunSpec& run) {
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}", canonical_json(run), run.data.root,
                     run.data.manifest, run.evaluate.extractor.file, run.train.initial_weights,
                     uses_lpips(run) ? run.loss.lpips_weights : "");
}

}  // namespace

std::vector<RunSpec> expand(const SweepSpec& sweep) {
  std::vector<int> matched(sweep.exclude.size(), 0);
  std::vector<RunSpec> runs = combine(sweep, matched);

  ProblemList problems;
  for (size_t i = 0; i < matched.size(); ++i) {
    if (matched[i] > 0) continue;
    problems.add(fmt::format("{}: sweep.exclude: {} matches no run", sweep.exclude[i].location,
                             json_object(sweep.exclude[i].conditions)),
                 "");
  }
  if (runs.empty()) problems.add("the sweep has no runs: every combination is excluded", "");
  std::map<std::string, const RunSpec*> first_of;
  for (const RunSpec& run : runs) {
    for (const SpecIssue& issue : validate(run)) {
      problems.add(fmt::format("{}: {}", located(sweep, issue.key), issue.message), described(run));
    }
    const auto [first, is_new] = first_of.emplace(identity(run), &run);
    if (is_new) continue;
    problems.add(fmt::format("two runs would be the same: {} and {}; they differ only in "
                             "settings that do not change a run",
                             described(*first->second), described(run)),
                 "");
  }
  problems.throw_if_any(runs.size());
  return runs;
}

}  // namespace scgan::sweeps
