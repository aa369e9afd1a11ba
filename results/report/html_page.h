// The style sheet and the script of the HTML report. Everything can be read without the script.
#pragma once

#include <string_view>

namespace scgan::results {

// Light and dark as the reader's system is set, screens from 400 pixels on, and print. Texts have
// the contrast of WCAG AA.
extern const std::string_view kPageStyle;

// Makes the column titles of tables with the class "sortable" buttons that sort the rows:
// ascending, descending, as written. Opens every <details> for printing.
extern const std::string_view kPageScript;

}  // namespace scgan::results
