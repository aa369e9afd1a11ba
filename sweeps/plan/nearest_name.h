// "Did you mean ...?": the known name that a misspelt one was probably meant to be.
#pragma once

#include <string>
#include <vector>

namespace scgan::sweeps {

// The name with the smallest edit distance to `written`, or one that ends in the same word after
// its last dot; empty when none is near.
std::string nearest_name(const std::string& written, const std::vector<std::string>& names);

// "; did you mean X?", or an empty text when no name is near.
std::string did_you_mean(const std::string& written, const std::vector<std::string>& names);

}  // namespace scgan::sweeps
