// The report as Markdown. Its figures are files beside it.
#pragma once

#include <string>

#include "results/report/document.h"

namespace scgan::results {

std::string to_markdown(const Document& document);

}  // namespace scgan::results
