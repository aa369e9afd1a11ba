// Which build this is: for --version and for the record of every attempt.
#pragma once

#include <string>

namespace scgan {

// "scgan_sweep 0.1.0 (git 0123456789ab)", or "(git 0123456789ab, modified)" when tracked files
// differed from that commit.
std::string version_text();

// Twelve digits of the commit built from, with "-modified" when tracked files differed; "unknown"
// outside a git checkout. As of the last build, not of the last configuration.
std::string git_revision();

}  // namespace scgan
