#pragma once

#include <string>

namespace scgan {

// "1 h 05 min", "3 min 20 s", "12 s"; "unknown" for a negative number.
std::string duration_text(double seconds);

}  // namespace scgan
