// The report on the stores of one or several sweeps. Equal stores produce equal bytes.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "results/report/report_input.h"

namespace scgan::results {

enum class ReportFormat { kText, kMarkdown, kCsv, kHtml, kLatex, kJson };

// Reads results.db in each folder or, of a folder with shards, those of the shards as one input.
// Throws Error(kInvalidSpec) if a folder has no store.
std::vector<ReportInput> read_stores(const std::vector<std::filesystem::path>& folders);

// The whole report as one text; for CSV, the rows of runs.csv.
std::string render(const std::vector<ReportInput>& inputs, ReportFormat format);

// Writes files into `folder`, which is created if necessary, and returns their paths:
//   text      report.txt
//   markdown  report.md, and its figures as SVG, also as PDF and PNG where rsvg-convert is
//   installed csv       runs.csv (one row per run and metric), scores.csv (one row per run, one
//   column per
//             score), summary.csv (one row per row of the tables)
//   html      report.html, with the figures inside
//   latex     report.tex, the tables for \input
//   json      report.json, everything for other programs and for --check
std::vector<std::filesystem::path> write_report(const std::vector<ReportInput>& inputs,
                                                const std::filesystem::path& folder,
                                                const std::vector<ReportFormat>& formats = {
                                                    ReportFormat::kText, ReportFormat::kMarkdown,
                                                    ReportFormat::kCsv, ReportFormat::kHtml,
                                                    ReportFormat::kLatex, ReportFormat::kJson});

// The completeness line: "45 of 45 runs done, 0 failed, 0 running, 0 to do".
std::string completeness(const std::vector<ReportInput>& inputs);

// The completeness line, what is wrong with shards, conflicts between stores, and a table of the
// runs with their states, steps and attempts.
std::string status(const std::vector<ReportInput>& inputs);

}  // namespace scgan::results
