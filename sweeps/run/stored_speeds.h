// How long runs take: from what a store knows of earlier attempts.
#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace scgan::sweeps {

// Time of one rank; a run that several ranks share is assumed to be as much faster.
struct RunSpeed {
  double seconds_per_step = 0;
  // Whether the time to load, to score and to write the results is part of it.
  bool counts_scoring = false;
};

// By run id, of the attempts in a store that trained at least one step: of those that finished
// their run, if there are any. Empty without a store, or if it is of an older version.
std::map<std::string, RunSpeed> stored_speeds(const std::filesystem::path& store);

}  // namespace scgan::sweeps
