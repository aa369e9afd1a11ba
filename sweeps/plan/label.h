// Which names variants may have.
#pragma once

#include <string>

namespace scgan::sweeps {

// Variants are labels in tables, figures, CSV and JSON, which quote what they must. A label has 1
// to 100 characters of UTF-8, no control characters and line ends, and blanks only one at a time
// between others, so that the columns of a text stay apart.
bool is_label(const std::string& text);

}  // namespace scgan::sweeps
