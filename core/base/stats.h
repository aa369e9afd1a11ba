// Mean, sample standard deviation and quantiles of plain numbers.
#pragma once

#include <span>

namespace scgan {

// NaN for no values.
double mean(std::span<const double> values);

// With n - 1; NaN for fewer than two values.
double sample_sd(std::span<const double> values);

// Quantile of `probability` in [0, 1] by type 7 (Hyndman and Fan 1996): linear between the order
// statistics at (n - 1) * probability; the rule of NumPy, R and matplotlib. Any order of values;
// NaN for none.
double quantile(std::span<const double> values, double probability);

double median(std::span<const double> values);

}  // namespace scgan
