// The report's numbers for other programs: RFC 4180 with line feeds. Numbers are written with
// enough digits to be read back exactly; KID is not multiplied by 100.
#pragma once

#include <string>

#include "results/report/summary.h"

namespace scgan::results {

// One row per run and metric. A run without metrics has one row, in which these columns are empty.
// The last columns are the keys in which runs differ, named by their paths.
std::string runs_csv(const Summary& summary);

// One row per run: the keys in which runs differ, and one column per score, "fid AtoB".
std::string scores_csv(const Summary& summary);

// One row per row of the report's tables.
std::string summary_csv(const Summary& summary);

}  // namespace scgan::results
