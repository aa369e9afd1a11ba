// Reports all problems of an input in one message.
#pragma once

#include <string>
#include <vector>

namespace scgan {

// One per line, at most 20 and then a count; empty texts do not count. "" if there are none.
std::string problem_lines(const std::vector<std::string>& problems);

// Throws Error(kData) with them, if there are any.
void throw_if_any(const std::vector<std::string>& problems);

}  // namespace scgan
