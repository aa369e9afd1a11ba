// The report's numbers for other programs (RFC 4180 with line feeds). Numbers are written so that
// they read back exactly; KID as stored, not multiplied.
#pragma once

#include <string>

#include "results/summary.h"

namespace scgan::results {

// One row per run and metric; a run without metrics has one row with these columns empty.
std::string runs_csv(const std::vector<ReportInput>& inputs, const Summary& summary);

// One row per table row of the report.
std::string summary_csv(const Summary& summary);

}  // namespace scgan::results
