#include "sweeps/plan/key_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "sweeps/plan/nearest_name.h"
#include "sweeps/plan/value_reader.h"

namespace scgan::sweeps {

using Kind = YamlNode::Kind;

std::string join(const std::string& prefix, const std::string& key) {
  return prefix.empty() ? key : prefix + "." + key;
}

KeyReader::KeyReader(std::filesystem::path base_folder, IssueList& issues)
    : keys_(spec_keys()), base_folder_(std::move(base_folder)), issues_(issues) {
  for (const SpecKey& key : keys_) {
    paths_.push_back(key.path);
    for (size_t dot = key.path.find('.'); dot != std::string::npos;
         dot = key.path.find('.', dot + 1)) {
      sections_.insert(key.path.substr(0, dot));
    }
  }
}

const SpecKey* KeyReader::find(const std::string& path) const {
  const auto found = std::find_if(keys_.begin(), keys_.end(),
                                  [&](const SpecKey& key) { return key.path == path; });
  return found == keys_.end() ? nullptr : &*found;
}

bool KeyReader::is_map(const YamlNode& node, const std::string& path) const {
  if (node.kind == Kind::kMap || node.kind == Kind::kNull) return true;
  issues_.add(node.location, path, "expected a section with keys (key: value)");
  return false;
}

bool KeyReader::is_filled_list(const YamlNode& node, const std::string& path,
                               const char* example) const {
  if (node.kind == Kind::kList && !node.children.empty()) return true;
  issues_.add(node.location, path,
              fmt::format("expected a list with at least one value, such as {}", example));
  return false;
}

void KeyReader::unknown(const YamlNode& entry, const std::string& path,
                        const std::vector<std::string>& known) const {
  issues_.add(entry.key_location, path, "unknown key" + did_you_mean(path, known));
}

std::optional<SpecValue> KeyReader::read(const YamlNode& node, const SpecKey& key) const {
  auto value = read_value(node, key, issues_);
  if (!value || key.type != SpecType::kPath) return value;
  const std::filesystem::path path = std::get<std::string>(*value);
  if (path.empty()) {
    issues_.add(node.location, key.path, "is empty; write a path or omit the key");
    return std::nullopt;
  }
  const auto whole = node.location.from_flag ? path : base_folder_ / path;
  return std::filesystem::absolute(whole).lexically_normal().string();
}

void KeyReader::read_free_entry(const YamlNode& entry, const std::string& prefix,
                                const std::string& where,
                                std::map<std::string, SourceLocation>& seen,
                                const OnKey& on_key) const {
  const std::string path = join(prefix, entry.key);
  if (is_section(path)) {
    if (!is_map(entry, join(where, path))) return;
    for (const YamlNode& child : entry.children) {
      read_free_entry(child, path, where, seen, on_key);
    }
    return;
  }
  const SpecKey* key = find_free(entry, path, where);
  if (key == nullptr) return;
  if (key->path == kPercentageKey) {
    issues_.add(entry.key_location, join(where, path), kPercentageMessage);
    return;
  }
  const auto [first, is_new] = seen.emplace(key->path, entry.key_location);
  if (is_new) {
    on_key(*key, entry);
  } else {
    issues_.add(entry.key_location, join(where, path),
                fmt::format("is written twice, first at {}", first->second.text));
  }
}

const SpecKey* KeyReader::find_free(const YamlNode& entry, const std::string& path,
                                    const std::string& where) const {
  if (const SpecKey* key = find(path)) return key;
  std::vector<std::string> endings;
  std::vector<std::string> known = paths_;
  for (const std::string& full : paths_) {
    if (full.ends_with("." + path)) endings.push_back(full);
    known.push_back(full.substr(full.rfind('.') + 1));
  }
  if (endings.size() == 1) return find(endings.front());
  const std::string message =
      endings.empty() ? "unknown key" + did_you_mean(path, known)
                      : fmt::format("could be {}; write the full path", fmt::join(endings, " or "));
  issues_.add(entry.key_location, join(where, path), message);
  return nullptr;
}

}  // namespace scgan::sweeps
