// The window of a real image that decoder_part rebuilds, and of the features it sees of it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "core/base/counter_rng.h"
#include "core/spec/run_spec.h"

namespace scgan {

// Top left corner, in cells of the discriminator's 16 x 16 map; ModelSpec::part_size cells wide
// and high.
struct PartWindow {
  int64_t y = 0;
  int64_t x = 0;
};

// The window of a training step, one for the whole batch: a pure function of the draws' key and the
// step. Grid: uniform among the (16 / part_size)^2 windows at multiples of part_size, row by row;
// uniform: among all windows inside the map.
PartWindow part_window(const ModelSpec& model, const CounterRng& draws, int64_t step);

// What decoder_part sees of maps [N, C, 16, 16]: the window of `part_size` (2, 4, 8 or 16) cells,
// averaged or repeated to [N, C, 8, 8].
at::Tensor map_window(const at::Tensor& maps, PartWindow window, int64_t part_size);

// The same window of images [N, C, S, S], S a multiple of 16: part_size / 16 of height and width.
at::Tensor image_window(const at::Tensor& images, PartWindow window, int64_t part_size);

}  // namespace scgan
