#include "core/base/duration_text.h"

#include <fmt/format.h>

#include <cmath>

namespace scgan {

std::string duration_text(double seconds) {
  if (seconds < 0) return "unknown";
  const auto whole = std::llround(seconds);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

}  // namespace scgan
