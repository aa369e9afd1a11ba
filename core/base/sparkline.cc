#include "core/base/sparkline.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <string_view>

namespace scgan {
namespace {

constexpr size_t kMostValues = 128;
constexpr std::array<std::string_view, 8> kBars = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::array<std::string_view, 5> kAsciiBars = {"_", ".", "-", "=", "^"};

// `count` means of neighbours.
std::vector<double> thinned(const std::vector<double>& values, size_t count) {
  std::vector<double> means;
  for (size_t i = 0; i < count; ++i) {
    const size_t begin = i * values.size() / count, end = (i + 1) * values.size() / count;
    double sum = 0;
    for (size_t k = begin; k < end; ++k) sum += values[k];
    means.push_back(sum / static_cast<double>(end - begin));
  }
  return means;
}

}  // namespace

std::string sparkline(const std::vector<double>& values, size_t width, bool ascii) {
  const auto means = thinned(values, std::min(width, values.size()));
  double low = INFINITY, high = -INFINITY;
  for (const double mean : means) {
    if (!std::isfinite(mean)) continue;
    low = std::min(low, mean);
    high = std::max(high, mean);
  }
  const size_t levels = ascii ? kAsciiBars.size() : kBars.size();
  std::string text;
  for (const double mean : means) {
    if (!std::isfinite(mean)) {
      text += ' ';
      continue;
    }
    const double share = high > low ? (mean - low) / (high - low) : 0;
    const auto level = std::min(levels - 1, static_cast<size_t>(share * double(levels)));
    text += ascii ? kAsciiBars[level] : kBars[level];
  }
  return text;
}

bool locale_is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    std::string text = value;
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
    return text.find("UTF-8") != std::string::npos || text.find("UTF8") != std::string::npos;
  }
  return false;
}

void ThinnedCurve::add(double value) {
  sum_ += value;
  if (++count_ < values_per_mean_) return;
  values_.push_back(sum_ / static_cast<double>(count_));
  sum_ = 0;
  count_ = 0;
  if (values_.size() < kMostValues) return;
  values_ = thinned(values_, kMostValues / 2);
  values_per_mean_ *= 2;
}

}  // namespace scgan
