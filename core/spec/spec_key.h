// One row of the table of keys (core/spec/spec_keys.h).
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <variant>
#include <vector>

#include "core/spec/run_spec.h"

namespace scgan {

using SpecValue = std::variant<bool, int64_t, double, std::string, std::vector<std::string>>;

enum class SpecType { kBool, kInteger, kNumber, kText, kPath, kChoice, kChoiceList };

struct SpecKey {
  std::string path;  // "train.learning_rate"
  SpecType type = SpecType::kText;
  std::string unit;     // "pixels", "epochs", "%", ...; empty where there is none
  std::string meaning;  // one sentence
  double min = -std::numeric_limits<double>::infinity();  // inclusive; numbers only
  double max = std::numeric_limits<double>::infinity();   // inclusive
  std::vector<std::string> choices;                       // kChoice, kChoiceList
  bool in_run_id = true;                                  // false: placement or a path
  // Changes what a trained model is compared with: the real or the source test images, or how
  // their features are computed. Scores of runs that differ here must not stand in one table.
  bool in_reference = false;
  // Integers: `auto` may be written for 0.
  bool zero_is_auto = false;
  // Distinguishes the variants: may be set in `variants:` only, not for all runs.
  bool variant_only = false;
  std::function<SpecValue(const RunSpec&)> get;
  // The value must have the type's alternative (kInteger: int64_t, kNumber: double, kChoice:
  // string, kChoiceList: vector) and be in range; the table does not check.
  std::function<void(RunSpec&, const SpecValue&)> set;
};

}  // namespace scgan
