// The report for a terminal.
#pragma once

#include <string>

#include "results/report/document.h"

namespace scgan::results {

std::string to_text(const Document& document);

}  // namespace scgan::results
