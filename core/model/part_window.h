// The window of a real image that decoder_part reconstructs, and the window of the features from
// which it does so.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "core/spec/run_spec.h"

namespace scgan {

class CounterRng;

// Top left corner, in cells of the discriminator's 16 x 16 map. The window is ModelSpec::part_size
// cells wide and high.
struct PartWindow {
  int64_t y = 0;
  int64_t x = 0;
  // y and x in the memory of a GPU, [2] int64. If it is defined, the functions below read it there
  // instead of the numbers; the result has the same bits.
  at::Tensor on_gpu = {};
};

// The window of a training step, one for the whole batch: a pure function of the generator's key
// and the step. PartPosition::kGrid draws uniformly among the (16 / part_size)^2 windows at
// multiples of part_size, row by row; kUniform among all windows inside the map.
PartWindow part_window(const ModelSpec& model, const CounterRng& rng, int64_t step);

// The windows of decoder_part of netD_A and of netD_B in a training step.
struct PartWindows {
  PartWindow a, b;
};
PartWindows part_windows(const RunSpec& spec, int64_t step);

// The input of decoder_part: the window of `part_size` (2, 4, 8 or 16) cells of maps
// [N, C, 16, 16], averaged or repeated to [N, C, 8, 8].
at::Tensor map_window(const at::Tensor& maps, const PartWindow& window, int64_t part_size);

// The same window of images [N, C, S, S], S a multiple of 16: part_size / 16 of height and width.
at::Tensor image_window(const at::Tensor& images, const PartWindow& window, int64_t part_size);

}  // namespace scgan
