// The progress of a sweep as its stores have it, for programs other than the one that trains: a
// second or two old.
#pragma once

#include <string>
#include <vector>

#include "results/store/records.h"
#include "sweeps/run/live_lines.h"

namespace scgan::sweeps {

// `runs`: of all stores; `folders`: with the stores. Throws Error(kStorage) if one cannot be read.
SweepProgress stored_progress(const std::string& name, const std::vector<results::StoredRun>& runs,
                              const std::vector<std::string>& folders);

}  // namespace scgan::sweeps
