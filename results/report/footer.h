// The last lines of the report: what its numbers were made from.
#pragma once

#include <string>
#include <vector>

#include "results/report/analysis.h"

namespace scgan::results {

// SHA-256 of the ids, states, scores and files of a store's runs. It does not depend on where, when
// and in how many attempts they were trained, so stores with equal results have equal digests.
std::string results_digest(const ReportInput& input);

// That of the store's runs: it does not depend on progress.
std::string plan_digest(const ReportInput& input);

// Digests of stores, data sets and extractors, and versions: one line each.
std::vector<std::string> footer_lines(const Analysis& analysis);

}  // namespace scgan::results
