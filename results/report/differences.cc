#include "results/report/differences.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "results/report/run_facts.h"
#include "results/report/words.h"

namespace scgan::results {
namespace {

// Each value with the specs that have it would be the same text, so specs of one column are kept
// once.
struct SettingsColumn {
  std::string title;
  std::set<const SharedSpec*> specs;
};

void add_to_column(std::vector<SettingsColumn>& columns, const std::string& title,
                   const SharedSpec* spec) {
  auto found = std::ranges::find(columns, title, &SettingsColumn::title);
  if (found == columns.end()) found = columns.insert(columns.end(), {title, {}});
  found->specs.insert(spec);
}

// The rows of the tables, then the stores if there are several.
std::vector<SettingsColumn> columns_of(const Summary& summary) {
  std::vector<SettingsColumn> rows, stores;
  std::set<std::string> names;
  for (size_t i = 0; i < summary.runs.size(); ++i) {
    if (summary.runs[i]->state != RunState::kDone) continue;
    add_to_column(rows, run_label(summary.runs[i]->plan), summary.specs[i]);
    add_to_column(stores, "store " + summary.sources[i]->folder, summary.specs[i]);
  }
  if (stores.size() > 1) std::ranges::move(stores, std::back_inserter(rows));
  return rows;
}

// Digests are long; "color, cutout" of a JSON list.
std::string shown(const std::string& key, std::string value) {
  if (key.ends_with("digest")) return short_digest(value);
  if (!value.starts_with('[')) return value;
  if (value == "[]") return "none";
  std::erase_if(value, [](char c) { return c == '[' || c == ']' || c == '"'; });
  for (size_t at = 0; (at = value.find(',', at)) != std::string::npos; at += 2) {
    value.insert(at + 1, " ");
  }
  return value;
}

std::string values_text(const SettingsColumn& column, const std::string& key) {
  std::set<std::string> values;
  for (const SharedSpec* spec : column.specs) {
    const std::string value = acting_value(*spec, key);
    values.insert(value.empty() ? kNone : shown(key, value));
  }
  return joined(values, "or");
}

std::vector<std::string> keys_that_differ(const std::set<const SharedSpec*>& specs) {
  std::map<std::string, std::set<std::string>> values;
  std::map<std::string, size_t> counts;
  for (const SharedSpec* spec : specs) {
    for (const auto& [key, value] : spec->keys.settings) {
      values[key].insert(value);
      ++counts[key];
    }
  }
  std::vector<std::string> keys;
  for (const auto& [key, all] : values) {
    if (all.size() > 1 || counts[key] < specs.size()) keys.push_back(key);
  }
  return keys;
}

}  // namespace

std::vector<std::string> differing_keys(const Summary& summary) {
  return keys_that_differ({summary.specs.begin(), summary.specs.end()});
}

Table differing_settings(const Summary& summary) {
  const std::vector<SettingsColumn> columns = columns_of(summary);
  std::set<const SharedSpec*> specs;
  Table table{.columns = {{"key"}}, .rows = {}};
  for (const SettingsColumn& column : columns) {
    table.columns.push_back({column.title});
    specs.insert(column.specs.begin(), column.specs.end());
  }
  for (const std::string& key : keys_that_differ(specs)) {
    std::vector<std::string> row = {key};
    for (const SettingsColumn& column : columns) row.push_back(values_text(column, key));
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace scgan::results
