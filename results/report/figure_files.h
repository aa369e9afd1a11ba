// Pictures of SVG files for programs that cannot show SVG.
#pragma once

#include <filesystem>
#include <vector>

namespace scgan::results {

// Writes NAME.pdf and NAME.png beside each NAME.svg with the program rsvg-convert, and returns
// their paths, in order. Without that program nothing is written. A picture that it does not make
// is left out, with a warning. Equal SVG files produce equal bytes with the same rsvg-convert.
std::vector<std::filesystem::path> convert_figures(const std::vector<std::filesystem::path>& svgs);

}  // namespace scgan::results
