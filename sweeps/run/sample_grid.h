// Sample grids: fixed test images, their translations and reconstructions, in one PNG.
#pragma once

#include <cstdint>
#include <filesystem>

#include "core/data/dataset.h"
#include "core/train/train_state.h"

namespace scgan::sweeps {

// One row per test image, evenly spread over the test sets: a, G_A(a), G_B(G_A(a)), b, G_B(b),
// G_A(G_B(b)). Throws Error(kStorage).
void write_sample_grid(const std::filesystem::path& file, const TrainState& state,
                       const Dataset& data, int64_t rows);

}  // namespace scgan::sweeps
