// Formats a FidReport as text and as JSON.
#pragma once

#include <string>

#include "tools/fid/compare_sets.h"

namespace scgan {

// A few lines for people, with numbers to 6 significant digits.
std::string to_text(const FidReport& report);

// One JSON object with all digits and the keys of docs/tools.md.
std::string to_json(const FidReport& report);

}  // namespace scgan
