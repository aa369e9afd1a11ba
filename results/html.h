// The report as one HTML file that opens offline: figures and styles are inside it.
#pragma once

#include <string>

#include "results/document.h"

namespace scgan::results {

std::string to_html(const Document& document);

}  // namespace scgan::results
