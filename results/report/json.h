// The whole report for other programs, as one JSON document: docs/report.md describes it. Numbers
// have enough digits to be read back exactly; a number that does not exist is null. Equal stores
// produce equal bytes.
#pragma once

#include <string>

#include "results/report/analysis.h"
#include "results/report/document.h"

namespace scgan::results {

// Value of the key "format". It changes when the meaning of a key changes or a key goes; new keys
// do not change it.
constexpr int kReportFormatVersion = 1;

// `document` is that of the analysis; its figures are not used.
std::string to_json(const Analysis& analysis, const Document& document);

}  // namespace scgan::results
