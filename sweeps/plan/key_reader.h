// Finds the key that an entry of a sweep file names and reads its value.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/spec/spec_keys.h"
#include "sweeps/plan/yaml_tree.h"

namespace scgan::sweeps {

inline constexpr const char* kPercentageKey = "data.percentage";
inline constexpr const char* kPercentageMessage =
    "is set by sweep.percentages; it cannot be set here";

// "prefix.key", or "key" without a prefix.
std::string join(const std::string& prefix, const std::string& key);

// Adds mistakes to the list of issues, which must outlive the reader.
class KeyReader {
 public:
  using OnKey = std::function<void(const SpecKey&, const YamlNode&)>;

  // Relative paths in the file are relative to `base_folder`.
  KeyReader(std::filesystem::path base_folder, IssueList& issues);

  const std::vector<std::string>& paths() const { return paths_; }

  // The key with this full path, or null.
  const SpecKey* find(const std::string& path) const;

  // Whether there are keys below `path`: "data", "data.synthetic", ...
  bool is_section(const std::string& path) const { return sections_.contains(path); }

  // Whether `node` is a map or null, which stands for an empty map; adds an issue if not.
  bool is_map(const YamlNode& node, const std::string& path) const;

  // Whether `node` is a list with at least one item; adds an issue if not.
  bool is_filled_list(const YamlNode& node, const std::string& path, const char* example) const;

  // Adds the issue "unknown key", with the nearest of `known`.
  void unknown(const YamlNode& entry, const std::string& path,
               const std::vector<std::string>& known) const;

  // The value of `key`, with paths made absolute; or adds an issue and returns nullopt.
  std::optional<SpecValue> read(const YamlNode& node, const SpecKey& key) const;

  // Reads an entry of variants: or sweep.axes, where a key can be named by its full path, by its
  // last component if that is unique, or in nested sections. Calls `on_key` for each key below
  // `entry`. `where` is the path of the section, for messages; `seen` records the keys that were
  // named.
  void read_free_entry(const YamlNode& entry, const std::string& prefix, const std::string& where,
                       std::map<std::string, SourceLocation>& seen, const OnKey& on_key) const;

 private:
  const SpecKey* find_free(const YamlNode& entry, const std::string& path,
                           const std::string& where) const;

  const std::vector<SpecKey>& keys_;
  std::vector<std::string> paths_;
  std::set<std::string> sections_;
  std::filesystem::path base_folder_;
  IssueList& issues_;
};

}  // namespace scgan::sweeps
