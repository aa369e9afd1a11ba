// The report's tables for a paper: one `table` environment for each, in one file for \input. They
// need the package booktabs only.
//
// Rows are variants, columns amounts of training data, cells "mean ± sd". The best mean of a column
// is bold. Underlined are those that the exact rank test, adjusted by Holm's method for the
// comparisons with the best one in the column, does not distinguish from it.
#pragma once

#include <string>

#include "results/report/analysis.h"

namespace scgan::results {

std::string to_latex(const Analysis& analysis);

// Escapes the special characters of LaTeX.
std::string escape_latex(const std::string& text);

}  // namespace scgan::results
