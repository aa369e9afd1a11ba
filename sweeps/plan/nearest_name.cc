#include "sweeps/plan/nearest_name.h"

#include <algorithm>
#include <numeric>

namespace scgan::sweeps {
namespace {

// The Levenshtein distance, computed one row at a time.
size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::string last_word(const std::string& path) { return path.substr(path.rfind('.') + 1); }

}  // namespace

std::string nearest_name(const std::string& written, const std::vector<std::string>& names) {
  std::string nearest;
  size_t smallest = std::max<size_t>(2, written.size() / 4) + 1;
  for (const std::string& name : names) {
    const size_t distance = edit_distance(written, name);
    if (distance < smallest) {
      smallest = distance;
      nearest = name;
    }
  }
  if (!nearest.empty()) return nearest;
  const auto same_word = std::find_if(names.begin(), names.end(), [&](const std::string& name) {
    return last_word(name) == last_word(written);
  });
  return same_word == names.end() ? "" : *same_word;
}

std::string did_you_mean(const std::string& written, const std::vector<std::string>& names) {
  const std::string nearest = nearest_name(written, names);
  return nearest.empty() ? "" : "; did you mean " + nearest + "?";
}

}  // namespace scgan::sweeps
