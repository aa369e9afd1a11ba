// The store against the files that a sweep writes at its start.
#pragma once

#include <filesystem>

#include "results/verify/run_problems.h"
#include "results/verify/store_content.h"

namespace scgan::results {

// plan.json and sweep.yaml must say what the store says: the same runs in the same order, with the
// same specs, and the same sweep file.
Sentences check_plan(const std::filesystem::path& folder, const StoreContent& content);

}  // namespace scgan::results
