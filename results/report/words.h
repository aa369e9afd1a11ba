// The words and numbers that all parts of the report write alike.
#pragma once

#include <string>

#include "results/report/summary.h"

namespace scgan::results {

// Stands where a number would be.
constexpr const char* kNone = "-";

// Values are shown multiplied by this: 100 for KID, 1 otherwise.
double factor_of(const MetricTable& table);

// "KID x 100 (random_conv features)". Plain "FID" and "KID" mean Inception features.
std::string metric_label(const MetricTable& table);

// "synthetic: FID, AtoB".
std::string title_of(const MetricTable& table);

// The title and, in parentheses, what distinguishes the table from others of that title.
std::string heading_of(const MetricTable& table);

// "untranslated" or "real halves".
std::string baseline_label(const Baseline& baseline);

// The first digits; "unknown" of an empty one.
std::string short_digest(const std::string& digest);

constexpr int kScientific = -1;

// The number of decimals that shows four digits of the table's largest value (after factor_of), at
// least two; kScientific if that would be too long.
int decimals_of(const MetricTable& table);

// kNone for NaN.
std::string number(double value, int decimals);

// "12.5", without a sign.
std::string percentage_text(double percentage);

}  // namespace scgan::results
