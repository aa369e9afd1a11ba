// YAML text -> a plain tree that remembers where everything was written; the only file that knows
// yaml-cpp.
//
// What YAML readers disagree on or pass over in silence is an issue here: duplicate keys, merge
// keys (<<), tags, keys that are no text, several documents. Aliases (*name) stand for a copy of
// what they name.
#pragma once

#include <string>
#include <vector>

#include "sweeps/plan/sweep_spec.h"

namespace scgan::sweeps {

struct SourceLocation {
  std::string text;        // "file.yaml:12" or "--set key=value"
  int line = 0;            // for sorting; flags come after all lines
  bool from_flag = false;  // --set
};

// SourceLocation of a line of the file, counted from 1.
SourceLocation file_location(const std::string& file_name, int line);

// SourceLocation of a --set flag.
SourceLocation flag_location(const std::string& flag);

// Collects every mistake before giving up.
class IssueList {
 public:
  void add(const SourceLocation& location, const std::string& key, const std::string& message);
  void append(const IssueList& more);
  bool empty() const { return issues_.empty(); }

  // Throws Error(kInvalidSpec) with one line per issue, sorted by location, unless there is none.
  void throw_if_any() const;

 private:
  struct Located {
    int line;
    SweepIssue issue;
  };
  std::vector<Located> issues_;
};

struct YamlNode {
  enum class Kind { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  SourceLocation location;  // of the value
  std::string text;         // kScalar
  bool quoted = false;      // kScalar
  std::string key;          // children of a map
  SourceLocation key_location;
  std::vector<YamlNode> children;  // kList, kMap
};

// `text` of a whole file; an empty one is kNull. Mistakes of YAML itself go to `issues`.
YamlNode parse_yaml_file(const std::string& text, const std::string& file_name, IssueList& issues);

// `text` of the value of one --set flag.
YamlNode parse_yaml_flag(const std::string& text, const SourceLocation& location,
                         IssueList& issues);

// Puts `value` at the dotted `path` of `root`, in location of what was there.
void replace_at(YamlNode& root, const std::string& path, YamlNode value);

}  // namespace scgan::sweeps
