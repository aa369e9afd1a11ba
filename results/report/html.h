// The report as one HTML file. It contains its figures and styles, so it can be read offline.
#pragma once

#include <string>

#include "results/report/document.h"

namespace scgan::results {

std::string to_html(const Document& document);

}  // namespace scgan::results
