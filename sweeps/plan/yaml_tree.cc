#include "sweeps/plan/yaml_tree.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <sstream>
#include <utility>

#include "core/base/error.h"

namespace scgan::sweeps {
namespace {

using LocationOf = std::function<SourceLocation(const YAML::Mark&)>;

// Copies yaml-cpp's graph into a tree. With aliases the graph can have cycles, or a tree of
// exponential size, hence the limits.
class TreeBuilder {
 public:
  TreeBuilder(LocationOf location_of, IssueList& issues)
      : location_of_(std::move(location_of)), issues_(issues) {}

  YamlNode build(const YAML::Node& source, const std::string& path, int depth = 0) {
    YamlNode node;
    node.location = location_of_(source.Mark());
    if (depth > kMaxDepth || ++nodes_ > kMaxNodes) {
      if (!std::exchange(overflowed_, true)) {
        issues_.add(node.location, path, "is nested too deeply or refers to itself");
      }
      return node;
    }
    check_tag(source, node.location, path);
    if (source.IsScalar()) {
      node.kind = YamlNode::Kind::kScalar;
      node.text = source.Scalar();
      node.quoted = source.Tag() == "!";
    } else if (source.IsSequence()) {
      node.kind = YamlNode::Kind::kList;
      for (const auto& item : source) node.children.push_back(build(item, path, depth + 1));
    } else if (source.IsMap()) {
      node.kind = YamlNode::Kind::kMap;
      for (const auto& entry : source) add_entry(node, entry.first, entry.second, path, depth);
    }
    return node;
  }

 private:
  static constexpr int kMaxDepth = 16;
  static constexpr int kMaxNodes = 100000;

  void check_tag(const YAML::Node& source, const SourceLocation& location,
                 const std::string& path) {
    const std::string& tag = source.Tag();
    if (tag.empty() || tag == "?" || tag == "!") return;  // none, plain, quoted
    issues_.add(location, path, "has the YAML tag " + tag + "; tags are not supported");
  }

  void add_entry(YamlNode& map, const YAML::Node& key, const YAML::Node& value,
                 const std::string& path, int depth) {
    const SourceLocation location = location_of_(key.Mark());
    if (!key.IsScalar()) {
      issues_.add(location, path, "has a key that is not a string");
      return;
    }
    const std::string& name = key.Scalar();
    const std::string full = path.empty() ? name : path + "." + name;
    if (name == "<<") {
      issues_.add(
          location, full,
          "merge keys are not supported; write the keys in full, or use an alias (*name) for "
          "a whole value");
      return;
    }
    const auto first = std::find_if(map.children.begin(), map.children.end(),
                                    [&](const YamlNode& child) { return child.key == name; });
    if (first != map.children.end()) {
      issues_.add(location, full,
                  fmt::format("is written twice, first at {}", first->key_location.text));
      return;
    }
    YamlNode child = build(value, full, depth + 1);
    if (child.kind == YamlNode::Kind::kNull)
      child.location = location;  // yaml-cpp marks another place
    child.key = name;
    child.key_location = location;
    map.children.push_back(std::move(child));
  }

  LocationOf location_of_;
  IssueList& issues_;
  int nodes_ = 0;
  bool overflowed_ = false;
};

YamlNode empty_node(const SourceLocation& location) {
  YamlNode node;
  node.location = location;
  return node;
}

// Records where documents begin.
class DocumentStarts final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override { marks.push_back(mark); }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

  std::vector<YAML::Mark> marks;
};

// Where the first two documents begin. YAML::LoadAll does not return if a document cannot begin
// where the parser stands, as at a comma: yaml-cpp finds endless empty documents there.
std::vector<YAML::Mark> document_starts(const std::string& text) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  DocumentStarts handler;
  while (handler.marks.size() < 2 && parser.HandleNextDocument(handler)) {
  }
  return handler.marks;
}

// What to look at, in place of the words of yaml-cpp's parser.
std::string in_plain_words(const std::string& problem) {
  if (problem == YAML::ErrorMsg::END_OF_MAP || problem == YAML::ErrorMsg::END_OF_SEQ) {
    return "this line is not indented like the lines above that it belongs to";
  }
  if (problem == YAML::ErrorMsg::MAP_VALUE) {
    return "a value cannot begin here; is the line indented too far, or is there a second \": \"?";
  }
  if (problem == YAML::ErrorMsg::END_OF_MAP_FLOW) return "a { above is not closed by }";
  if (problem == YAML::ErrorMsg::END_OF_SEQ_FLOW) return "a [ above is not closed by ]";
  return problem;
}

YamlNode parse(const std::string& text, const LocationOf& location_of, IssueList& issues) {
  try {
    const std::vector<YAML::Mark> starts = document_starts(text);
    if (starts.empty()) return empty_node(location_of(YAML::Mark::null_mark()));
    if (starts.size() > 1) {
      const bool stands_still = starts[1].pos == starts[0].pos;
      issues.add(location_of(starts[1]), "",
                 stands_still ? "is not valid YAML: a document cannot begin like this"
                              : "a second YAML document starts here (---); only one is allowed");
    }
    return TreeBuilder(location_of, issues).build(YAML::Load(text), "");
  } catch (const YAML::Exception& error) {
    issues.add(location_of(error.mark), "", "is not valid YAML: " + in_plain_words(error.msg));
    return empty_node(location_of(error.mark));
  }
}

// Number, from 1, of the first line that is indented with a tab; 0 if there is none.
int line_with_tab(const std::string& text) {
  int line = 1;
  bool indentation = true;
  for (const char c : text) {
    if (c == '\t' && indentation) return line;
    if (c == '\n') ++line;
    indentation = c == '\n' || (indentation && c == ' ');
  }
  return 0;
}

}  // namespace

SourceLocation file_location(const std::string& file_name, int line) {
  return {fmt::format("{}:{}", file_name, line), line, false};
}

SourceLocation flag_location(const std::string& flag) {
  return {"--set " + flag, std::numeric_limits<int>::max(), true};
}

void IssueList::add(const SourceLocation& location, const std::string& key,
                    const std::string& message) {
  issues_.push_back({location, key, message});
}

void IssueList::append(const IssueList& more) {
  issues_.insert(issues_.end(), more.issues_.begin(), more.issues_.end());
}

void IssueList::throw_if_any() const {
  if (issues_.empty()) return;
  std::vector<Issue> sorted = issues_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Issue& a, const Issue& b) {
    return a.location.line < b.location.line;
  });
  std::string text;
  for (const auto& [location, key, message] : sorted) {
    if (!text.empty()) text += '\n';
    text += location.text + ": ";
    if (!key.empty()) text += key + ": ";
    text += message;
  }
  throw Error(ErrorKind::kInvalidSpec, text);
}

YamlNode parse_yaml_file(const std::string& text, const std::string& file_name, IssueList& issues) {
  const int tab = line_with_tab(text);
  if (tab > 0) {
    issues.add(file_location(file_name, tab), "",
               "is indented with a tab; YAML allows only spaces");
    return empty_node(file_location(file_name, tab));
  }
  const LocationOf location_of = [&](const YAML::Mark& mark) {
    return file_location(file_name, mark.is_null() ? 1 : mark.line + 1);
  };
  return parse(text, location_of, issues);
}

YamlNode parse_yaml_flag(const std::string& text, const SourceLocation& location,
                         IssueList& issues) {
  return parse(
      text, [&](const YAML::Mark&) { return location; }, issues);
}

void replace_at(YamlNode& root, const std::string& path, YamlNode value) {
  const auto find = [](YamlNode& map, const std::string& key) {
    return std::find_if(map.children.begin(), map.children.end(),
                        [&](const YamlNode& child) { return child.key == key; });
  };
  if (root.kind != YamlNode::Kind::kMap) {
    root.kind = YamlNode::Kind::kMap;
    root.children.clear();
  }
  const auto dot = path.find('.');
  // The file may contain the dotted key itself (axes: {train.learning_rate: ...}).
  auto child = find(root, path);
  if (dot == std::string::npos || child != root.children.end()) {
    value.key = path;
    value.key_location = value.location;
    if (child != root.children.end()) {
      *child = std::move(value);
    } else {
      root.children.push_back(std::move(value));
    }
    return;
  }
  const std::string first = path.substr(0, dot);
  child = find(root, first);
  if (child == root.children.end()) {
    YamlNode section;
    section.kind = YamlNode::Kind::kMap;
    section.location = value.location;
    section.key = first;
    section.key_location = value.location;
    child = root.children.insert(root.children.end(), std::move(section));
  }
  replace_at(*child, path.substr(dot + 1), std::move(value));
}

}  // namespace scgan::sweeps
