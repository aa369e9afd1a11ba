// The figures below a table of the report.
#pragma once

#include <string>
#include <vector>

#include "results/report/analysis.h"
#include "results/report/figure.h"

namespace scgan::results {

// One list for each of the analysis's tables, each name once.
std::vector<std::vector<Figure>> table_figures(const Analysis& analysis);

}  // namespace scgan::results
