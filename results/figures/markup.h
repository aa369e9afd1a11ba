// Escaping for XML and HTML.
#pragma once

#include <string>
#include <string_view>

namespace scgan::results {

// Escapes &, <, > and double quotes.
std::string escape_markup(std::string_view text);

}  // namespace scgan::results
