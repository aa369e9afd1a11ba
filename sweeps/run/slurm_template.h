// The text of slurm/sweep.sbatch, which the build embeds.
#pragma once

#include <string_view>

namespace scgan::sweeps {

extern const std::string_view kSweepSbatch;

}  // namespace scgan::sweeps
