// Curves in one line of text.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace scgan {

// The values from left to right as at most `width` characters, from the lowest bar for the least
// to the highest for the greatest one. Each character is the mean of as many values. A value that
// is not finite is a blank. In UTF-8 or, with `ascii`, by the characters _.-=^ only.
std::string sparkline(const std::vector<double>& values, size_t width, bool ascii = false);

// Whether the locale of the environment (LC_ALL, LC_CTYPE, LANG) says that texts are UTF-8.
bool locale_is_utf8();

// A curve of any number of values as a limited number of means: when there are too many, each two
// become one.
class ThinnedCurve {
 public:
  void add(double value);
  const std::vector<double>& values() const { return values_; }

 private:
  std::vector<double> values_;
  size_t values_per_mean_ = 1;
  double sum_ = 0;  // of the next mean
  size_t count_ = 0;
};

}  // namespace scgan
