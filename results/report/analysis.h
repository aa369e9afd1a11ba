// All that the report says, before it is put into words: made once, used by every format.
#pragma once

#include <vector>

#include "results/report/comparison.h"
#include "results/report/report_input.h"
#include "results/report/summary.h"

namespace scgan::results {

struct Analysis {
  const std::vector<ReportInput>* inputs = nullptr;
  Summary summary;
  // Parallel to summary.tables.
  std::vector<TableComparison> comparisons;
};

// `inputs` must outlive the analysis.
Analysis analyse(const std::vector<ReportInput>& inputs);

}  // namespace scgan::results
