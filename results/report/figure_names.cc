#include "results/report/figure_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace scgan::results {

std::string FigureNames::take(std::string name) {
  std::ranges::replace_if(
      name,
      [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-' && c != '_' && c != '.';
      },
      '_');
  const int count = ++taken_[name];
  return count == 1 ? name : fmt::format("{}-{}", name, count);
}

}  // namespace scgan::results
