// The sentences of the report about one table: what a reader must know to read its numbers.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "results/report/summary.h"

namespace scgan::results {

// Below the table, one paragraph each.
std::vector<std::string> notes_of(const MetricTable& table);

// Those that a figure must carry even without its table; short.
std::vector<std::string> figure_notes(const MetricTable& table);

// "48" or "24 to 48".
std::string steps_text(const std::set<int64_t>& steps);

}  // namespace scgan::results
