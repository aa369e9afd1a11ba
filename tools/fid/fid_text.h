// The faces of a FidReport.
#pragma once

#include <string>

#include "tools/fid/fid_of_sets.h"

namespace scgan {

// A few lines for people, numbers to 6 significant digits.
std::string to_text(const FidReport& report);

// One JSON object with all digits; keys are those of docs/tools.md.
std::string to_json(const FidReport& report);

}  // namespace scgan
