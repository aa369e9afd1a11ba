#include "sweeps/plan/value_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <string_view>

#include "sweeps/plan/nearest_name.h"

namespace scgan::sweeps {
namespace {

using Kind = YamlNode::Kind;

size_t count_digits(std::string_view text) {
  const auto end =
      std::find_if(text.begin(), text.end(), [](unsigned char c) { return !std::isdigit(c); });
  return static_cast<size_t>(end - text.begin());
}

// Removes -?(0|[1-9][0-9]*) from the front of `text`; false if it does not begin with that.
bool skip_integer(std::string_view& text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const size_t digits = count_digits(text);
  if (digits == 0 || (digits > 1 && text.front() == '0')) return false;
  text.remove_prefix(digits);
  return true;
}

bool is_integer(std::string_view text) { return skip_integer(text) && text.empty(); }

// The JSON grammar of numbers.
bool is_number(std::string_view text) {
  if (!skip_integer(text)) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const size_t digits = count_digits(text);
    if (digits == 0) return false;
    text.remove_prefix(digits);
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    const size_t digits = count_digits(text);
    if (digits == 0) return false;
    text.remove_prefix(digits);
  }
  return text.empty();
}

template <typename Number>
std::optional<Number> parse_in_range(const std::string& text, const SpecKey& key) {
  Number value{};
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size()) return std::nullopt;
  const auto number = static_cast<double>(value);
  if (!(number >= key.min && number <= key.max)) return std::nullopt;
  return value;
}

// The value as messages describe it.
std::string described(const YamlNode& node) {
  switch (node.kind) {
    case Kind::kNull:
      return "nothing";
    case Kind::kScalar:
      return node.quoted ? fmt::format("the text \"{}\"", node.text) : node.text;
    case Kind::kList:
      return "a list";
    case Kind::kMap:
      return "a map";
  }
  return "";
}

std::string hint(const YamlNode& node, const SpecKey& key) {
  if (node.kind == Kind::kNull && key.type == SpecType::kChoiceList) return " ([] = none)";
  if (node.kind != Kind::kScalar) return "";
  const bool numeric = key.type == SpecType::kInteger || key.type == SpecType::kNumber;
  if (numeric && node.quoted) return " (without quotes)";
  if (numeric && node.text.size() > 1 && node.text[0] == '0' && count_digits(node.text) > 1) {
    return " (without leading zeros, which some YAML readers treat as octal)";
  }
  if (key.type == SpecType::kBool && node.quoted) return " (without quotes)";
  return "";
}

std::string trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return std::string(text);
}

std::vector<std::string> split_at_commas(std::string_view text) {
  std::vector<std::string> parts;
  for (size_t comma = text.find(','); comma != std::string_view::npos; comma = text.find(',')) {
    parts.push_back(trimmed(text.substr(0, comma)));
    text.remove_prefix(comma + 1);
  }
  parts.push_back(trimmed(text));
  return parts;
}

// Whether `word` is one of the choices; if not, adds an issue with the nearest choice.
bool check_choice(const std::string& word, const SourceLocation& location, const SpecKey& key,
                  IssueList& issues) {
  if (std::find(key.choices.begin(), key.choices.end(), word) != key.choices.end()) return true;
  issues.add(location, key.path,
             fmt::format("expected {}, not {}{}", expected(key), word.empty() ? "nothing" : word,
                         did_you_mean(word, key.choices)));
  return false;
}

std::optional<SpecValue> read_choices(const YamlNode& node, const SpecKey& key, IssueList& issues) {
  std::vector<std::string> words;
  bool good = true;
  if (node.kind == Kind::kScalar) {
    words = split_at_commas(node.text);
    for (const auto& word : words) good &= check_choice(word, node.location, key, issues);
  } else {
    for (const YamlNode& item : node.children) {
      words.push_back(item.kind == Kind::kScalar ? item.text : described(item));
      good &= check_choice(words.back(), item.location, key, issues);
    }
  }
  if (!good) return std::nullopt;
  return words;
}

std::optional<SpecValue> read_scalar(const YamlNode& node, const SpecKey& key) {
  if (node.kind != Kind::kScalar) return std::nullopt;
  const std::string& text = node.text;
  switch (key.type) {
    case SpecType::kBool:
      if (node.quoted || (text != "true" && text != "false")) return std::nullopt;
      return text == "true";
    case SpecType::kInteger:
      if (node.quoted) return std::nullopt;
      if (key.zero_is_auto && text == "auto") return int64_t{0};
      return is_integer(text) ? parse_in_range<int64_t>(text, key) : std::nullopt;
    case SpecType::kNumber:
      if (node.quoted) return std::nullopt;
      return is_number(text) ? parse_in_range<double>(text, key) : std::nullopt;
    default:
      return text;
  }
}

}  // namespace

std::optional<SpecValue> read_value(const YamlNode& node, const SpecKey& key, IssueList& issues) {
  if (key.type == SpecType::kChoiceList &&
      (node.kind == Kind::kScalar || node.kind == Kind::kList)) {
    return read_choices(node, key, issues);
  }
  if (key.type == SpecType::kChoice && node.kind == Kind::kScalar) {
    if (!check_choice(node.text, node.location, key, issues)) return std::nullopt;
    return node.text;
  }
  if (auto value = read_scalar(node, key)) return value;
  issues.add(node.location, key.path,
             fmt::format("expected {}, not {}{}", expected(key), described(node), hint(node, key)));
  return std::nullopt;
}

SpecKey integer_key(const std::string& path, double min, double max) {
  SpecKey key = number_key(path, min, max);
  key.type = SpecType::kInteger;
  return key;
}

SpecKey number_key(const std::string& path, double min, double max) {
  SpecKey key;
  key.path = path;
  key.type = SpecType::kNumber;
  key.min = min;
  key.max = max;
  return key;
}

bool same_value(const SpecValue& a, const SpecValue& b) { return to_json(a) == to_json(b); }

}  // namespace scgan::sweeps
