// Summary -> the words, tables and figures of the report, independent of the format, so that text,
// Markdown and HTML say the same.
#pragma once

#include <string>
#include <vector>

#include "results/report/analysis.h"
#include "results/report/figure.h"
#include "results/report/table.h"
#include "results/report/verdict.h"

namespace scgan::results {

// The results for one data set, metric, direction and extractor.
struct Section {
  std::string heading;
  // Above the table: what was measured, and how.
  std::vector<std::string> facts;
  Table table;
  // The numbers behind the verdict, one row for each pair of rows.
  Table comparisons;
  // Each row's scores over all percentages, relative to those of the first row.
  Table aggregates;
  // Below the tables.
  std::vector<std::string> notes;
  std::vector<Figure> figures;
};

struct Document {
  std::string title;
  std::string completeness;
  // What a reader must know first; one for each section.
  std::vector<Verdict> verdicts;
  std::vector<std::string> verdict_notes;
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
  // Settings in which the rows of the tables differ: a key and its value in each row.
  Table differences;
  // Paragraphs for a paper: what was trained on what, how it was scored and compared.
  std::vector<std::string> methods;
  // The same test images translated by each model.
  std::vector<Figure> translations;
  // Losses during training.
  std::vector<Figure> learning_curves;
  // Digests, versions, whether the numbers were recomputed: one line each.
  std::vector<std::string> footer;
};

// Figures take longer than all the rest.
Document make_document(const Analysis& analysis, bool with_figures);

// Every run, as in the document.
Table runs_table(const std::vector<const StoredRun*>& runs);

// "45 of 45 runs done, ...", for the merged runs of a summary.
std::string completeness_line(const std::vector<const StoredRun*>& runs);

}  // namespace scgan::results
