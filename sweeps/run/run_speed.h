// How long runs take: from what a store knows of earlier attempts, or from a few steps that are
// trained for it.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "core/spec/run_spec.h"

namespace scgan::sweeps {

// Runs with equal keys cost the same per step.
std::string speed_key(const RunSpec& spec);

// Time of one rank; a run that several ranks share is assumed to be as much faster.
struct RunSpeed {
  double seconds_per_step = 0;
  // Whether the time to load, to score and to write the results is part of it.
  bool counts_scoring = false;
};

// By run id, of the attempts in a store that trained at least one step: of those that finished
// their run, if there are any. Empty without a store, or if it is of an older version.
std::map<std::string, RunSpeed> stored_speeds(const std::filesystem::path& store);

// Trains up to three steps on random images, not much longer than `seconds`; the first one is not
// timed unless it is the only one.
RunSpeed measured_speed(const RunSpec& spec, c10::Device device, double seconds);

}  // namespace scgan::sweeps
