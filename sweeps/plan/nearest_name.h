// "Did you mean ...?": finds the known name that a misspelt one probably stands for.
#pragma once

#include <string>
#include <vector>

namespace scgan::sweeps {

// The name with the smallest edit distance to `written`; if all are too different, one with the
// same word after its last dot; otherwise empty.
std::string nearest_name(const std::string& written, const std::vector<std::string>& names);

// "; did you mean X?", or an empty text if nearest_name finds none.
std::string did_you_mean(const std::string& written, const std::vector<std::string>& names);

}  // namespace scgan::sweeps
