// Sentences about one run.
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "results/store/records.h"

namespace scgan::results {

using Sentences = std::vector<std::string>;

// "run 0123456789abcdef (scgan, 50 %, seed 1)", with the run's axes if it has any.
std::string run_name(const PlannedRun& run);

class RunProblems {
 public:
  explicit RunProblems(const PlannedRun& run) : name_(run_name(run)) {}

  template <typename... Values>
  void add(fmt::format_string<Values...> text, Values&&... values) {
    sentences_.push_back(name_ + ": " + fmt::format(text, std::forward<Values>(values)...));
  }
  Sentences take() { return std::move(sentences_); }

 private:
  std::string name_;
  Sentences sentences_;
};

// The paths that a finished run's files have in the store.
std::string weights_path(const std::string& run_id, const std::string& network);
std::string features_path(const std::string& run_id, const std::string& direction);

}  // namespace scgan::results
