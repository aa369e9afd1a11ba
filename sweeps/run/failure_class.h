// What an error means for the run in which it came up, and for the job.
#pragma once

#include <exception>

#include "results/records.h"

namespace scgan::sweeps {

// How an error is kept in the store. A GPU that computes no more is lost; LibTorch says so in
// several ways.
results::ExitClass exit_class(const std::exception& problem);

// Whether the run alone suffers from it, and the sweep can go on with the others.
bool is_own_fault(const std::exception& problem);

}  // namespace scgan::sweeps
