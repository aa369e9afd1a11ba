// YAML text -> a plain tree that records the location of everything. No other file includes
// yaml-cpp.
//
// Whatever YAML readers disagree on or silently ignore is an error here: duplicate keys, merge keys
// (<<), tags, keys that are not strings, several documents. An alias (*name) becomes a copy of what
// it names.
#pragma once

#include <string>
#include <vector>

namespace scgan::sweeps {

struct SourceLocation {
  // "file.yaml:12" or "--set key=value".
  std::string text;
  // For sorting; flags come after all lines.
  int line = 0;
  // Whether it is a --set flag.
  bool from_flag = false;
};

// Lines are counted from 1.
SourceLocation file_location(const std::string& file_name, int line);
SourceLocation flag_location(const std::string& flag);

// Collects the mistakes in a sweep file, so that all of them are reported at once.
class IssueList {
 public:
  // `key` is the path of the key. `message` says what is wrong, what was expected, and names the
  // nearest known key.
  void add(const SourceLocation& location, const std::string& key, const std::string& message);
  void append(const IssueList& more);
  bool empty() const { return issues_.empty(); }

  // Throws Error(kInvalidSpec) with one line per issue, sorted by location, if there are any.
  void throw_if_any() const;

 private:
  struct Issue {
    SourceLocation location;
    std::string key;
    std::string message;
  };
  std::vector<Issue> issues_;
};

struct YamlNode {
  enum class Kind { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  // Of the value.
  SourceLocation location;
  // Of a scalar.
  std::string text;
  bool quoted = false;
  // Of an entry of a map.
  std::string key;
  SourceLocation key_location;
  // Of a list or map.
  std::vector<YamlNode> children;
};

// Parses a whole file; an empty one becomes kNull. Syntax errors are added to `issues`.
YamlNode parse_yaml_file(const std::string& text, const std::string& file_name, IssueList& issues);

// Parses the value of one --set flag.
YamlNode parse_yaml_flag(const std::string& text, const SourceLocation& location,
                         IssueList& issues);

// Puts `value` at the dotted `path` below `root` and replaces what was there.
void replace_at(YamlNode& root, const std::string& path, YamlNode value);

}  // namespace scgan::sweeps
