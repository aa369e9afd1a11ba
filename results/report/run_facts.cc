#include "results/report/run_facts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace scgan::results {
namespace {

std::optional<double> number_of(const std::string& text) {
  if (text.empty()) return std::nullopt;
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  return *end == '\0' ? std::optional(value) : std::nullopt;
}

}  // namespace

RunFacts::RunFacts(const Summary& summary) {
  std::set<const SharedSpec*> known_specs;
  std::set<std::string> known_versions;
  for (size_t i = 0; i < summary.runs.size(); ++i) {
    const StoredRun* run = summary.runs[i];
    if (run->state != RunState::kDone) continue;
    runs_.push_back(run);
    if (known_specs.insert(summary.specs[i]).second) specs_.push_back(summary.specs[i]);
    if (!known_versions.insert(run->versions).second) continue;
    const auto json = nlohmann::json::parse(run->versions, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object()) continue;
    for (const auto& [name, value] : json.items()) {
      if (value.is_string() && value != "none") versions_[name].insert(value.get<std::string>());
    }
  }
}

std::set<std::string> RunFacts::values(const std::string& key) const {
  std::set<std::string> all;
  for (const SharedSpec* spec : specs_) {
    if (std::string value = acting_value(*spec, key); !value.empty()) all.insert(std::move(value));
  }
  return all;
}

bool RunFacts::is(const std::string& key, const std::string& value) const {
  return std::ranges::all_of(
      specs_, [&](const SharedSpec* spec) { return acting_value(*spec, key) == value; });
}

std::string RunFacts::phrase(const std::string& key) const { return joined(values(key), "or"); }

std::string RunFacts::version(const std::string& name) const {
  const auto found = versions_.find(name);
  return found == versions_.end() ? "" : joined(found->second, "and");
}

std::string acting_value(const SharedSpec& spec, const std::string& key) {
  const auto found = spec.keys.settings.find(key);
  return found == spec.keys.settings.end() ? "" : plain_text(found->second);
}

std::string joined(const std::vector<std::string>& words, const std::string& last) {
  if (words.size() < 2) return words.empty() ? "" : words.front();
  const std::vector<std::string> first(words.begin(), words.end() - 1);
  return fmt::format("{} {} {}", fmt::join(first, ", "), last, words.back());
}

std::string joined(const std::set<std::string>& values, const std::string& last, size_t most) {
  std::vector<std::string> texts(values.begin(), values.end());
  if (!std::ranges::all_of(texts, [](const auto& text) { return number_of(text).has_value(); })) {
    return joined(texts, last);
  }
  std::ranges::sort(texts, {}, number_of);
  if (texts.size() > most) return texts.front() + " to " + texts.back();
  return joined(texts, last);
}

}  // namespace scgan::results
