// The figures below a table of the report.
#pragma once

#include <string>
#include <vector>

#include "results/report/analysis.h"
#include "results/report/figure.h"
#include "results/report/training_records.h"

namespace scgan::results {

// One list for each of the analysis's tables, each name once: boxplots, and the scores during
// training if there are any.
std::vector<std::vector<Figure>> table_figures(const Analysis& analysis, TrainingRecords& records);

}  // namespace scgan::results
