#include "results/report/words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace scgan::results {
namespace {

constexpr double kKidFactor = 100;    // of the values shown
constexpr size_t kDigestDigits = 12;  // shown of a digest

bool is_kid(const MetricTable& table) { return table.key.metric == "kid"; }

}  // namespace

double factor_of(const MetricTable& table) { return is_kid(table) ? kKidFactor : 1; }

std::string metric_label(const MetricTable& table) {
  if (is_recovered_change(table)) return "recovered change";
  std::string label = is_kid(table) ? "KID x 100" : "FID";
  if (table.key.extractor != "inception_v3")
    label += fmt::format(" ({} features)", table.key.extractor);
  return label;
}

std::string short_digest(const std::string& digest) {
  return digest.empty() ? "unknown" : digest.substr(0, kDigestDigits);
}

int decimals_of(const MetricTable& table) {
  double largest = 0;
  for (const Cell& cell : table.cells) {
    for (const double value : cell.values) {
      largest = std::max(largest, std::abs(value) * factor_of(table));
    }
  }
  if (largest == 0) return 2;
  if (largest < 1e-5 || largest >= 1e9) return kScientific;
  return std::clamp(3 - static_cast<int>(std::floor(std::log10(largest))), 2, 8);
}

std::string number(double value, int decimals) {
  if (std::isnan(value)) return kNone;
  return decimals == kScientific ? fmt::format("{:.3e}", value)
                                 : fmt::format("{:.{}f}", value, decimals);
}

std::string percentage_text(double percentage) { return fmt::format("{}", percentage); }

std::string title_of(const MetricTable& table) {
  return fmt::format("{}: {}, {}", table.key.dataset, metric_label(table), table.key.direction);
}

std::string heading_of(const MetricTable& table) {
  std::string heading = title_of(table);
  if (!table.distinctions.empty()) {
    heading += fmt::format(" ({})", fmt::join(table.distinctions, "; "));
  }
  return heading;
}

std::string baseline_label(const Baseline& baseline) {
  return baseline.subject == Subject::kRealHalves ? "real halves" : "untranslated";
}

}  // namespace scgan::results
