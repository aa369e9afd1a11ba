// Writes the batch that led to a loss that is not finite, for diagnosis.
#pragma once

#include <filesystem>
#include <string>

#include "core/data/data_loader.h"
#include "core/train/trainer.h"

namespace scgan::sweeps {

// Writes non_finite-<step>.safetensors into the run's folder: the images of the batch ("a", "b", in
// [-1, 1]) and, as metadata, the run, the step (from 1), its learning rate, every loss term
// ("loss.d_a") and the problem. Throws Error(kStorage).
void write_non_finite_batch(const std::filesystem::path& folder, const Batch& batch,
                            const StepReport& report, const std::string& problem);

}  // namespace scgan::sweeps
