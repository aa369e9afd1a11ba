// Builds the rows of one section of the table of keys (core/spec/spec_keys.h): a row per field,
// with the functions that read and write it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/spec/spec_key.h"

namespace scgan {

template <typename Enum>
using Words = std::vector<std::pair<Enum, std::string>>;

// `Section` is a member of RunSpec, reached by `reach`. References that are returned stay valid
// while `keys` has room (reserve first).
template <typename Section>
class SectionKeys {
 public:
  using Reach = std::function<Section&(RunSpec&)>;
  SectionKeys(std::vector<SpecKey>& keys, std::string prefix, Reach reach)
      : keys_(keys), prefix_(std::move(prefix)), reach_(std::move(reach)) {}

  SpecKey& flag(const char* name, bool Section::*field, const char* meaning) {
    return add<bool>(name, SpecType::kBool, "", meaning, field);
  }
  SpecKey& integer(const char* name, int64_t Section::*field, double min, double max,
                   const char* unit, const char* meaning) {
    return range(add<int64_t>(name, SpecType::kInteger, unit, meaning, field), min, max);
  }
  SpecKey& number(const char* name, double Section::*field, double min, double max,
                  const char* unit, const char* meaning) {
    return range(add<double>(name, SpecType::kNumber, unit, meaning, field), min, max);
  }
  SpecKey& path(const char* name, std::string Section::*field, const char* meaning) {
    SpecKey& key = add<std::string>(name, SpecType::kPath, "", meaning, field);
    key.in_run_id = false;
    return key;
  }
  SpecKey& words(const char* name, std::vector<std::string> Section::*field,
                 std::vector<std::string> choices, const char* meaning) {
    SpecKey& key = add<std::vector<std::string>>(name, SpecType::kChoiceList, "", meaning, field);
    key.choices = std::move(choices);
    return key;
  }
  template <typename Enum>
  SpecKey& choice(const char* name, Enum Section::*field, Words<Enum> words, const char* meaning) {
    SpecKey& key = row(name, SpecType::kChoice, "", meaning);
    for (const auto& [value, word] : words) key.choices.push_back(word);
    key.get = [reach = reach_, field, words](const RunSpec& spec) -> SpecValue {
      return word_of(words, reach(const_cast<RunSpec&>(spec)).*field);
    };
    key.set = [reach = reach_, field, words](RunSpec& spec, const SpecValue& value) {
      reach(spec).*field = value_of(words, std::get<std::string>(value));
    };
    return key;
  }
  template <typename Enum>
  SpecKey& choices(const char* name, std::vector<Enum> Section::*field, Words<Enum> words,
                   const char* meaning) {
    SpecKey& key = row(name, SpecType::kChoiceList, "", meaning);
    for (const auto& [value, word] : words) key.choices.push_back(word);
    key.get = [reach = reach_, field, words](const RunSpec& spec) -> SpecValue {
      std::vector<std::string> texts;
      for (const Enum value : reach(const_cast<RunSpec&>(spec)).*field) {
        texts.push_back(word_of(words, value));
      }
      return texts;
    };
    key.set = [reach = reach_, field, words](RunSpec& spec, const SpecValue& value) {
      auto& target = reach(spec).*field;
      target.clear();
      for (const auto& text : std::get<std::vector<std::string>>(value)) {
        target.push_back(value_of(words, text));
      }
    };
    return key;
  }

 private:
  template <typename Enum>
  static std::string word_of(const Words<Enum>& words, Enum value) {
    return std::find_if(words.begin(), words.end(), [&](auto& w) { return w.first == value; })
        ->second;
  }
  template <typename Enum>
  static Enum value_of(const Words<Enum>& words, const std::string& text) {
    return std::find_if(words.begin(), words.end(), [&](auto& w) { return w.second == text; })
        ->first;
  }
  static SpecKey& range(SpecKey& key, double min, double max) {
    key.min = min;
    key.max = max;
    return key;
  }
  SpecKey& row(const char* name, SpecType type, const char* unit, const char* meaning) {
    SpecKey key;
    key.path = prefix_ + "." + name;
    key.type = type;
    key.unit = unit;
    key.meaning = meaning;
    keys_.push_back(std::move(key));
    return keys_.back();
  }
  template <typename Field>
  SpecKey& add(const char* name, SpecType type, const char* unit, const char* meaning,
               Field Section::*field) {
    SpecKey& key = row(name, type, unit, meaning);
    key.get = [reach = reach_, field](const RunSpec& spec) -> SpecValue {
      return reach(const_cast<RunSpec&>(spec)).*field;  // reading only
    };
    key.set = [reach = reach_, field](RunSpec& spec, const SpecValue& value) {
      reach(spec).*field = std::get<Field>(value);
    };
    return key;
  }

  std::vector<SpecKey>& keys_;
  std::string prefix_;
  Reach reach_;
};

}  // namespace scgan
