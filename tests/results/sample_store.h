// A small sweep's records for the tests of this folder.
#pragma once

#include <string>
#include <vector>

#include "results/records.h"
#include "results/report.h"

namespace scgan::results {

SweepRecord sample_sweep();
PlannedRun planned_run(const std::string& id, const std::string& variant, double percentage,
                       int64_t seed);
AttemptStart attempt_on(const std::string& run_id, int64_t first_step = 0);
Metric metric(const std::string& name, double value, const std::string& extractor = "random_conv");

StoredRun done_run(PlannedRun plan, double fid, double kid);

// Two variants, two percentages, three seeds; one run failed, one running, one waiting.
ReportInput sample_input();

// Compares with the approved file of tests/results/golden. A difference fails the test and leaves
// what came out in the working directory as <name>.received, to be looked at and, if right, copied
// over the approved one.
void expect_approved(const std::string& received, const std::string& name);

}  // namespace scgan::results
