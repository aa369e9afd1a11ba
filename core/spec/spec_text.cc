// The texts of keys and values: what a sweep file may write, and canonical JSON.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/spec/spec_keys.h"

namespace scgan {
namespace {

std::string json_text(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<int>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

}  // namespace

std::string expected(const SpecKey& key) {
  switch (key.type) {
    case SpecType::kBool:
      return "true or false";
    case SpecType::kInteger:
      return fmt::format("an integer from {} to {}{}", key.min, key.max,
                         key.zero_is_auto ? ", or auto" : "");
    case SpecType::kNumber:
      return fmt::format("a number from {} to {}", key.min, key.max);
    case SpecType::kText:
      return "a text";
    case SpecType::kPath:
      return "a path";
    case SpecType::kChoice:
      return fmt::format("one of {}", fmt::join(key.choices, ", "));
    case SpecType::kChoiceList:
      return fmt::format("a list of {}", fmt::join(key.choices, ", "));
  }
  return "";
}

std::string to_json(const SpecValue& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* integer = std::get_if<int64_t>(&value)) return fmt::format("{}", *integer);
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("{}", *number);
  if (const auto* text = std::get_if<std::string>(&value)) return json_text(*text);
  std::vector<std::string> items;
  for (const auto& item : std::get<std::vector<std::string>>(value))
    items.push_back(json_text(item));
  return fmt::format("[{}]", fmt::join(items, ","));
}

}  // namespace scgan
