// What a report is made from: the content of a store.
#pragma once

#include <string>
#include <vector>

#include "results/store/records.h"

namespace scgan::results {

struct ReportInput {
  // As given; for messages.
  std::string folder;
  SweepRecord sweep;
  std::vector<StoredRun> runs;
  // What was noticed in the data sets of the runs.
  std::vector<DataNote> data_notes = {};
  // The summary line of --verify for this folder; empty if it was not verified.
  std::string verification = {};
};

}  // namespace scgan::results
