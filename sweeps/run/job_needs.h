// What the runs of a plan need of disk and memory, computed from their networks and images before
// anything is trained.
#pragma once

#include <cstdint>

#include "core/spec/run_spec.h"
#include "sweeps/run/job_plan.h"

namespace scgan::sweeps {

struct RunNeeds {
  // Of what a run leaves: of weights, features and log what run.keep names, and rows of the store.
  // Without sample grids, whose number depends on the time.
  int64_t kept_bytes = 0;
  // Of what is removed when it is done: two checkpoints and a third that is being written, and what
  // run.keep does not name.
  int64_t removed_bytes = 0;
  // Of the process of a rank on the CPU that trains the run alone, without the images, which all
  // ranks of a host share; ranks that share a run need less.
  int64_t memory_bytes = 0;
};

struct NetworkSizes {
  // Parameters of one generator and one discriminator, and numbers in the latter's buffers.
  int64_t generator = 0, discriminator = 0, buffers = 0;
};
// Builds the networks, which takes up to a second.
NetworkSizes network_sizes(const RunSpec& spec);

RunNeeds needs_of(const JobRun& run, const NetworkSizes& sizes);

// Numbers that a forward pass of the generator keeps for its backward pass, per image.
int64_t generator_activations(const RunSpec& spec);

}  // namespace scgan::sweeps
