// Compares a report's numbers with those of an earlier report.json: scgan_report OUT --check.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace scgan::results {

struct NumberCheck {
  // "synthetic fid AtoB, scgan 50 %, run 0123456789abcdef: 41.2 -> 41.3".
  std::vector<std::string> changed, missing;
  // Numbers that the old report does not have, among them those of new runs.
  std::vector<std::string> added;
  // Statistics and comparisons that were left out because the cell has other runs now.
  size_t not_compared = 0;
  size_t equal = 0;

  bool is_equal() const { return changed.empty() && missing.empty(); }
};

// Both are texts of to_json(); `name` is the old one's, for messages. Scores are compared bit by
// bit; statistics and comparisons only where both reports have the same runs. Throws
// Error(kInvalidSpec) if `old_report` is not a report.json that this version can read.
NumberCheck check_numbers(const std::string& old_report, const std::string& new_report,
                          const std::string& name);

// Reads an earlier report.json. Throws Error(kInvalidSpec) if the file does not exist.
NumberCheck check_numbers(const std::filesystem::path& old_report, const std::string& new_report);

// One line for each number that is not equal, and a summary.
std::string to_text(const NumberCheck& check);

}  // namespace scgan::results
