// Summary -> the words, tables and figures of the report, independent of the format, so that text,
// Markdown and HTML say the same.
#pragma once

#include <string>
#include <vector>

#include "results/report/analysis.h"
#include "results/report/figure.h"
#include "results/report/table.h"

namespace scgan::results {

// The results for one data set, metric, direction and extractor.
struct Section {
  std::string heading;
  // Above the table: what was measured, and how.
  std::vector<std::string> facts;
  Table table;
  // Below the table.
  std::vector<std::string> notes;
  std::vector<Figure> figures;
};

struct Document {
  std::string title;
  std::string completeness;
  // One sentence for every sweep.
  std::vector<std::string> sweeps;
  // One sentence each: conflicts between stores (see Summary), what was noticed in the data sets.
  std::vector<std::string> warnings;
  std::vector<Section> sections;
  // Failed runs with their reasons.
  Table failures;
  // Planned and running runs.
  Table missing;
  // Every run.
  Table runs;
};

// Figures take longer than all the rest.
Document make_document(const Analysis& analysis, bool with_figures);

// Every run, as in the document.
Table runs_table(const std::vector<const StoredRun*>& runs);

// "45 of 45 runs done, ...", for the merged runs of a summary.
std::string completeness_line(const std::vector<const StoredRun*>& runs);

}  // namespace scgan::results
