// Records of a small sweep for the tests in this folder.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "results/report/report.h"
#include "results/store/records.h"

namespace scgan::results {

SweepRecord sample_sweep();
PlannedRun planned_run(const std::string& id, const std::string& variant, double percentage,
                       int64_t seed);
// How a run's images became input of its generators.
inline constexpr const char* kInput = R"({"image_size":64})";
AttemptStart attempt_on(const std::string& run_id, int64_t first_step = 0);
Metric metric(const std::string& name, double value, const std::string& extractor = "random_conv");

StoredRun done_run(PlannedRun plan, double fid, double kid);

// Two variants, two percentages, three seeds; one run is failed, one running, one planned.
ReportInput sample_input();

// The first column of a query's rows.
std::vector<std::string> rows(const std::filesystem::path& file, const std::string& sql);

// Compares `received` with the approved file in tests/results/golden. If they differ, the test
// fails and writes `received` to <name>.received in the working directory. If that is right, copy
// it over the approved file.
void expect_approved(const std::string& received, const std::string& name);

}  // namespace scgan::results
