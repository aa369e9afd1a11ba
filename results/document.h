// Summary -> the words, tables and figures of the report, before any format: text, Markdown and
// HTML say the same.
#pragma once

#include <string>
#include <vector>

#include "results/boxplot.h"
#include "results/report.h"
#include "results/summary.h"
#include "results/table.h"

namespace scgan::results {

// One data set, metric, direction and extractor.
struct Section {
  std::string heading;
  std::vector<std::string> facts;  // above the table: what was measured, and how
  Table table;
  std::vector<std::string> notes;  // below it
  Boxplot plot;
  std::string plot_file;  // file name of the figure beside report.md
};

struct Document {
  std::string title;
  std::string completeness;
  std::vector<std::string> sweeps;     // one line each
  std::vector<std::string> conflicts;  // sentences
  std::vector<Section> sections;
  Table failures;  // failed runs with their reasons
  Table missing;   // runs without a result that have not failed: planned or running
  Table runs;      // every run
};

Document make_document(const std::vector<ReportInput>& inputs);

// "45 of 45 runs done, ...": over the merged runs of a summary.
std::string completeness_line(const std::vector<const StoredRun*>& runs);

}  // namespace scgan::results
