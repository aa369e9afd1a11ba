#include "core/base/problems.h"

#include <fmt/format.h>

#include "core/base/error.h"

namespace scgan {

std::string problem_lines(const std::vector<std::string>& problems) {
  constexpr size_t kShown = 20;
  std::string text;
  size_t count = 0;
  for (const std::string& problem : problems) {
    if (problem.empty() || count++ >= kShown) continue;
    text += (text.empty() ? "" : "\n") + problem;
  }
  if (count > kShown) text += fmt::format("\n... and {} more", count - kShown);
  return text;
}

void throw_if_any(const std::vector<std::string>& problems) {
  const std::string text = problem_lines(problems);
  if (!text.empty()) throw Error(ErrorKind::kData, text);
}

}  // namespace scgan
