// Which variants and percentages of a table its figures show when there are too many.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "results/report/summary.h"

namespace scgan::results {

// Ascending; of more than `most`, both ends and what is evenly between them.
std::vector<double> shown_percentages(const MetricTable& table, size_t most);

struct ShownLabels {
  // In plan order.
  std::vector<std::string> labels;
  // "7 of 30 variants are shown."; empty if all are.
  std::string note;
};

ShownLabels shown_labels(const MetricTable& table);

// nullptr if the table has no such cell.
const Cell* find_cell(const MetricTable& table, const std::string& label, double percentage);

}  // namespace scgan::results
