#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "core/base/atomic_file.h"
#include "core/spec/spec_keys.h"

namespace scgan {
namespace {

std::string type_word(SpecType type) {
  switch (type) {
    case SpecType::kBool:
      return "flag";
    case SpecType::kInteger:
      return "integer";
    case SpecType::kNumber:
      return "number";
    case SpecType::kText:
      return "text";
    case SpecType::kPath:
      return "path";
    case SpecType::kChoice:
      return "choice";
    case SpecType::kChoiceList:
      return "list";
  }
  return "";
}

// An empty text stands for "not set".
std::string default_text(const SpecKey& key) {
  const RunSpec defaults;
  const SpecValue value = key.get(defaults);
  if (key.zero_is_auto && value == SpecValue(int64_t{0})) return "auto";
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return to_json(value);
}

// The tables that docs/spec.md must contain, by section.
std::map<std::string, std::string> rendered_tables() {
  std::map<std::string, std::string> tables;
  for (const SpecKey& key : spec_keys()) {
    std::string& table = tables[key.path.substr(0, key.path.find('.'))];
    if (table.empty()) {
      table = "| key | type | unit | default | expected | meaning |\n|---|---|---|---|---|---|\n";
    }
    const std::string text = default_text(key);
    table +=
        fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", key.path, type_word(key.type), key.unit,
                    text.empty() ? "" : "`" + text + "`", expected(key), key.meaning);
  }
  return tables;
}

TEST(SpecDocTest, DocumentHoldsEveryKeyAsTheProgramKnowsIt) {
  const std::string document = read_file(SCGAN_SPEC_DOC);
  for (const auto& [section, table] : rendered_tables()) {
    const std::string heading = fmt::format("### `{}`\n\n", section);
    const bool found = document.find(heading + table + "\n") != std::string::npos;
    EXPECT_TRUE(found) << "docs/spec.md must hold this:\n" << heading << table;
  }
}

TEST(SpecDocTest, DocumentHoldsNoOtherKey) {
  const std::string document = read_file(SCGAN_SPEC_DOC);
  size_t rows = 0;
  for (const auto& [section, table] : rendered_tables()) {
    const std::string start = fmt::format("\n| `{}.", section);
    for (size_t at = document.find(start); at != std::string::npos;
         at = document.find(start, at + 1)) {
      ++rows;
    }
  }
  EXPECT_EQ(rows, spec_keys().size());
}

}  // namespace
}  // namespace scgan
