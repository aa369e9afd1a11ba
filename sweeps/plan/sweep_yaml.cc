#include "sweeps/plan/sweep_yaml.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <utility>

#include "core/spec/spec_keys.h"
#include "sweeps/plan/key_reader.h"
#include "sweeps/plan/label.h"
#include "sweeps/plan/nearest_name.h"
#include "sweeps/plan/value_reader.h"
#include "sweeps/plan/variants.h"
#include "sweeps/plan/yaml_tree.h"

namespace scgan::sweeps {
namespace {

using Kind = YamlNode::Kind;

constexpr int64_t kLargestSeed = 2147483647;

// The name of a sweep is part of paths, so its characters are restricted.
bool is_name(const std::string& text) {
  const auto allowed = [](unsigned char c) {
    return (std::isalnum(c) != 0 && c < 0x80) || c == '_' || c == '-' || c == '.';
  };
  return !text.empty() && text.size() <= 100 && text.front() != '.' && text.front() != '-' &&
         std::all_of(text.begin(), text.end(), allowed);
}

// Reads the tree of a sweep file into a SweepSpec, section by section. Collects mistakes instead of
// throwing.
class SweepReader {
 public:
  SweepReader(const KeyReader& reader, IssueList& issues) : reader_(reader), issues_(issues) {}

  SweepSpec read(const YamlNode& root) {
    const YamlNode* name = nullptr;
    const YamlNode* sweep = nullptr;
    const YamlNode* variants = nullptr;
    for (const YamlNode& entry : root.children) {
      if (entry.key == "name") {
        name = &entry;
      } else if (entry.key == "sweep") {
        sweep = &entry;
      } else if (entry.key == "variants") {
        variants = &entry;
      } else {
        read_base_entry(entry, "");
      }
    }
    read_name(root, name);
    if (variants != nullptr) read_variants(*variants);
    read_sweep(sweep);
    return std::move(spec_);
  }

 private:
  void read_name(const YamlNode& root, const YamlNode* node) {
    if (node == nullptr) {
      issues_.add(root.location, "name", "is missing; it names the sweep in the results");
    } else if (node->kind != Kind::kScalar || !is_name(node->text)) {
      issues_.add(node->location, "name", "expected a name of letters, digits, _, - and .");
    } else {
      spec_.name = node->text;
    }
  }

  // Sections and keys for all runs. Keys are written inside their sections: train: {epochs: 3}.
  void read_base_entry(const YamlNode& entry, const std::string& prefix) {
    const std::string path = join(prefix, entry.key);
    const SpecKey* key = reader_.find(path);
    if (entry.key.find('.') != std::string::npos && (key != nullptr || reader_.is_section(path))) {
      issues_.add(entry.key_location, path,
                  "write it inside its section, as in train: {epochs: 3}");
    } else if (reader_.is_section(path)) {
      if (!reader_.is_map(entry, path)) return;
      for (const YamlNode& child : entry.children) read_base_entry(child, path);
    } else if (key == nullptr) {
      std::vector<std::string> known = reader_.paths();
      if (prefix.empty()) {
        known.insert(known.end(), {"name", "data", "model", "loss", "train", "evaluate", "run",
                                   "sweep", "variants"});
      }
      reader_.unknown(entry, path, known);
    } else if (key->variant_only) {
      issues_.add(
          entry.key_location, path,
          fmt::format(
              "distinguishes the variants, so it cannot be set for all runs; write it under "
              "variants:, as in variants: {{mine: {{base: scgan, {}: ...}}}}",
              entry.key));
    } else if (path == kPercentageKey) {
      issues_.add(entry.key_location, path, kPercentageMessage);
    } else if (auto value = reader_.read(entry, *key)) {
      spec_.base.emplace_back(path, *value);
      spec_.locations[path] = entry.key_location.text;
    }
  }

  void read_variants(const YamlNode& section) {
    if (!reader_.is_map(section, "variants")) return;
    for (const YamlNode& entry : section.children) {
      const std::string path = join("variants", entry.key);
      if (find_variant(entry.key) != nullptr) {
        issues_.add(entry.key_location, path, "is a built-in variant; choose another name");
      } else if (!is_label(entry.key)) {
        issues_.add(
            entry.key_location, path,
            "expected a name of 1 to 100 characters in UTF-8, without control characters, blanks "
            "at its ends and two blanks in a row");
      } else if (reader_.is_map(entry, path)) {
        read_variant(entry, path);
      }
    }
  }

  void read_variant(const YamlNode& entry, const std::string& path) {
    Variant variant{entry.key, {}, {}};
    bool has_base = false;
    std::map<std::string, SourceLocation> seen;
    for (const YamlNode& child : entry.children) {
      if (child.key != "base") continue;
      has_base = true;
      if (const Variant* base = find_base(child, path)) {
        variant.presets = base->presets;
        variant.overrides = base->overrides;
      }
    }
    if (!has_base) {
      issues_.add(
          entry.key_location, path,
          fmt::format("has no base; add base: with one of {}", fmt::join(variant_names(), ", ")));
    }
    for (const YamlNode& child : entry.children) {
      if (child.key == "base") continue;
      reader_.read_free_entry(child, "", path, seen, [&](const SpecKey& key, const YamlNode& node) {
        if (auto value = reader_.read(node, key)) {
          std::erase_if(variant.overrides, [&](const auto& old) { return old.first == key.path; });
          variant.overrides.emplace_back(key.path, *value);
        }
      });
    }
    variants_.push_back(std::move(variant));
  }

  // The variant that `node` (base:) names: a built-in one or one defined above.
  const Variant* find_base(const YamlNode& node, const std::string& path) {
    const Variant* base = node.kind == Kind::kScalar ? find_variant(node.text) : nullptr;
    if (base == nullptr) {
      issues_.add(
          node.location, join(path, "base"),
          fmt::format("expected a built-in variant or one defined above: {}{}",
                      fmt::join(variant_names(), ", "), did_you_mean(node.text, variant_names())));
    }
    return base;
  }

  const Variant* find_variant(const std::string& name) const {
    const auto found = std::find_if(variants_.begin(), variants_.end(),
                                    [&](const Variant& variant) { return variant.name == name; });
    return found == variants_.end() ? nullptr : &*found;
  }

  std::vector<std::string> variant_names() const {
    std::vector<std::string> names;
    for (const Variant& variant : variants_) names.push_back(variant.name);
    return names;
  }

  void read_sweep(const YamlNode* section) {
    spec_.variants = builtin_variants();
    spec_.percentages = {20, 40, 60, 80, 100};
    spec_.seeds = {0, 1, 2, 3, 4};
    if (section == nullptr || !reader_.is_map(*section, "sweep")) return;
    const YamlNode* exclude = nullptr;  // read last, because it refers to the axes
    for (const YamlNode& entry : section->children) {
      spec_.locations[join("sweep", entry.key)] = entry.key_location.text;
      if (entry.key == "variants") {
        read_swept_variants(entry);
      } else if (entry.key == "percentages") {
        read_percentages(entry);
      } else if (entry.key == "seeds") {
        read_seeds(entry);
      } else if (entry.key == "axes") {
        read_axes(entry);
      } else if (entry.key == "exclude") {
        exclude = &entry;
      } else {
        reader_.unknown(
            entry, join("sweep", entry.key),
            {"sweep.variants", "sweep.percentages", "sweep.seeds", "sweep.axes", "sweep.exclude"});
      }
    }
    if (exclude != nullptr) read_exclude(*exclude);
  }

  void read_swept_variants(const YamlNode& list) {
    if (!reader_.is_filled_list(list, "sweep.variants", "[cyclegan, scgan]")) return;
    spec_.variants.clear();
    std::set<std::string> seen;
    for (const YamlNode& item : list.children) {
      const Variant* variant = item.kind == Kind::kScalar ? find_variant(item.text) : nullptr;
      if (variant == nullptr) {
        issues_.add(item.location, "sweep.variants",
                    fmt::format("unknown variant {}{}; known: {}", item.text,
                                did_you_mean(item.text, variant_names()),
                                fmt::join(variant_names(), ", ")));
      } else if (!seen.insert(item.text).second) {
        issues_.add(item.location, "sweep.variants", item.text + " is listed twice");
      } else {
        spec_.variants.push_back(*variant);
      }
    }
  }

  // The items of a list of numbers, all different.
  template <typename Number>
  std::vector<Number> read_numbers(const YamlNode& list, const SpecKey& key) {
    std::vector<Number> numbers;
    for (const YamlNode& item : list.children) {
      const auto value = reader_.read(item, key);
      if (!value) continue;
      const auto number = std::get<Number>(*value);
      if (std::find(numbers.begin(), numbers.end(), number) != numbers.end()) {
        issues_.add(item.location, key.path, fmt::format("{} is listed twice", number));
      }
      numbers.push_back(number);
    }
    return numbers;
  }

  void read_percentages(const YamlNode& list) {
    if (!reader_.is_filled_list(list, "sweep.percentages", "[50, 100]")) return;
    const SpecKey* key = reader_.find(kPercentageKey);
    spec_.percentages =
        read_numbers<double>(list, number_key("sweep.percentages", key->min, key->max));
  }

  void read_seeds(const YamlNode& node) {
    if (node.kind != Kind::kMap) {
      if (!reader_.is_filled_list(node, "sweep.seeds", "[0, 1] (or {count: 2})")) return;
      spec_.seeds = read_numbers<int64_t>(node, integer_key("sweep.seeds", 0, kLargestSeed));
      return;
    }
    int64_t count = 5;
    int64_t base = 0;
    for (const YamlNode& entry : node.children) {
      const std::string path = join("sweep.seeds", entry.key);
      if (entry.key == "count") {
        if (auto value = reader_.read(entry, integer_key(path, 1, 10000)))
          count = std::get<int64_t>(*value);
      } else if (entry.key == "base") {
        if (auto value = reader_.read(entry, integer_key(path, 0, kLargestSeed)))
          base = std::get<int64_t>(*value);
      } else {
        reader_.unknown(entry, path, {"sweep.seeds.count", "sweep.seeds.base"});
      }
    }
    if (base + count - 1 > kLargestSeed) {
      issues_.add(node.location, "sweep.seeds",
                  fmt::format("exceeds the largest seed, {}", kLargestSeed));
    }
    spec_.seeds.clear();
    for (int64_t i = 0; i < count; ++i) spec_.seeds.push_back(base + i);
  }

  void read_axes(const YamlNode& section) {
    if (!reader_.is_map(section, "sweep.axes")) return;
    std::map<std::string, SourceLocation> seen;
    for (const YamlNode& entry : section.children) {
      reader_.read_free_entry(
          entry, "", "sweep.axes", seen,
          [&](const SpecKey& key, const YamlNode& node) { read_axis(key, node); });
    }
  }

  void read_axis(const SpecKey& key, const YamlNode& node) {
    const std::string path = join("sweep.axes", key.path);
    if (!key.in_run_id && key.type != SpecType::kPath) {
      issues_.add(node.key_location, path,
                  "does not change a run's numbers, so it cannot be an axis");
      return;
    }
    if (!reader_.is_filled_list(node, path, "[1e-4, 2e-4]")) return;
    Axis axis{key.path, {}};
    for (const YamlNode& item : node.children) {
      const auto value = reader_.read(item, key);
      if (!value) continue;
      if (std::any_of(axis.values.begin(), axis.values.end(),
                      [&](const SpecValue& old) { return same_value(old, *value); })) {
        issues_.add(item.location, path, to_json(*value) + " is listed twice");
      }
      axis.values.push_back(*value);
    }
    spec_.locations[key.path] = node.key_location.text;
    spec_.axes.push_back(std::move(axis));
  }

  void read_exclude(const YamlNode& list) {
    if (list.kind == Kind::kList && list.children.empty()) return;
    if (!reader_.is_filled_list(list, "sweep.exclude", "[{variant: cyclegan, percentage: 20}]"))
      return;
    for (const YamlNode& item : list.children) {
      if (item.kind != Kind::kMap || item.children.empty()) {
        issues_.add(item.location, "sweep.exclude",
                    "expected conditions, such as {variant: cyclegan, percentage: 20}");
        continue;
      }
      Exclusion exclusion{item.location.text, {}};
      for (const YamlNode& condition : item.children) read_condition(condition, exclusion);
      spec_.exclude.push_back(std::move(exclusion));
    }
  }

  void read_condition(const YamlNode& entry, Exclusion& exclusion) {
    const std::string path = join("sweep.exclude", entry.key);
    std::vector<std::string> known = {"variant", "percentage", "seed"};
    for (const Axis& axis : spec_.axes) known.push_back(axis.key);
    SpecKey key;
    if (entry.key == "percentage") {
      key = number_key(path, 0, 100);
    } else if (entry.key == "seed") {
      key = integer_key(path, 0, kLargestSeed);
    } else if (entry.key == "variant") {
      key.path = path;
    } else if (std::find(known.begin(), known.end(), entry.key) != known.end()) {
      key = *reader_.find(entry.key);
    } else {
      issues_.add(entry.key_location, path,
                  fmt::format("is not a condition; expected one of {}{}", fmt::join(known, ", "),
                              did_you_mean(entry.key, known)));
      return;
    }
    if (auto value = reader_.read(entry, key)) exclusion.conditions.emplace_back(entry.key, *value);
  }

  const KeyReader& reader_;
  IssueList& issues_;
  std::vector<Variant> variants_ = builtin_variants();  // followed by those of `variants:`
  SweepSpec spec_;
};

void apply_flag(const std::string& flag, YamlNode& root, IssueList& issues) {
  const SourceLocation location = flag_location(flag);
  const auto equals = flag.find('=');
  const std::string path = flag.substr(0, equals);
  if (equals == std::string::npos || path.empty() || path.front() == '.' || path.back() == '.' ||
      path.find("..") != std::string::npos) {
    issues.add(location, "", "expected key=value, such as --set train.epochs=3");
    return;
  }
  IssueList of_value;
  YamlNode value = parse_yaml_flag(flag.substr(equals + 1), location, of_value);
  if (of_value.empty()) {
    replace_at(root, path, std::move(value));
  } else {
    issues.append(of_value);
  }
}

}  // namespace

SweepSpec read_sweep(const std::string& text, const std::string& file_name,
                     const std::vector<std::string>& sets, const std::string& base_folder) {
  IssueList issues;
  YamlNode root = parse_yaml_file(text, file_name, issues);
  if (root.kind == Kind::kNull) {
    if (issues.empty())
      issues.add(file_location(file_name, 1), "",
                 "is empty; expected name: and sections (docs/spec.md)");
    issues.throw_if_any();
  }
  if (root.kind != Kind::kMap) {
    issues.add(root.location, "", "expected sections (name:, data:, train:, ...) at the top level");
    issues.throw_if_any();
  }
  for (const std::string& flag : sets) apply_flag(flag, root, issues);
  const KeyReader reader(base_folder, issues);
  SweepSpec spec = SweepReader(reader, issues).read(root);
  issues.throw_if_any();
  return spec;
}

}  // namespace scgan::sweeps
