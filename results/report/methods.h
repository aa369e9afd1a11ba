// Paragraphs for the methods section of a paper, from the stored specs and attempts of the runs
// that have a result. A sentence is written only if it is true of all of them; where they differ,
// it names every value.
#pragma once

#include <string>
#include <vector>

#include "results/report/analysis.h"

namespace scgan::results {

// Empty without a finished run.
std::vector<std::string> methods_paragraphs(const Analysis& analysis);

}  // namespace scgan::results
