// How long runs take: from a few steps that are trained for it.
#pragma once

#include <c10/core/Device.h>

#include <string>

#include "core/spec/run_spec.h"
#include "sweeps/run/stored_speeds.h"

namespace scgan::sweeps {

// Runs with equal keys cost the same per step.
std::string speed_key(const RunSpec& spec);

// Trains up to three steps on random images, not much longer than `seconds`; the first one is not
// timed unless it is the only one.
RunSpeed measured_speed(const RunSpec& spec, c10::Device device, double seconds);

}  // namespace scgan::sweeps
