// Reads what a report is made from.
#pragma once

#include <filesystem>

#include "results/report/report_input.h"

namespace scgan::results {

// Of a folder with results.db.
ReportInput read_store(const std::filesystem::path& folder);

// Of a folder with shards, as one job would have stored it: the sweep's runs in its order, each
// from the store of its shard. The runs of shards without a store are planned.
ReportInput read_shards(const std::filesystem::path& folder);

}  // namespace scgan::results
