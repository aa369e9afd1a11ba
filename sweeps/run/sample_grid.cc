#include "sweeps/run/sample_grid.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/stack.h>

#include <algorithm>
#include <vector>

#include "core/image/image_file.h"
#include "core/image/pixel_range.h"

namespace scgan::sweeps {
namespace {

at::Tensor spread(const at::Tensor& images, int64_t rows) {
  std::vector<at::Tensor> chosen;
  for (int64_t row = 0; row < rows; ++row) chosen.push_back(images[row * images.size(0) / rows]);
  return to_network_range(at::stack(chosen));
}

// One image at a time, which needs no more memory than a step of training.
at::Tensor translated(Generator& generator, const at::Tensor& images) {
  std::vector<at::Tensor> outputs;
  for (int64_t i = 0; i < images.size(0); ++i) {
    outputs.push_back(generator.forward(images.narrow(0, i, 1)));
  }
  return at::cat(outputs);
}

// [R, 3, S, S] x columns -> [3, R * (S + gap) - gap, columns * (S + gap) - gap], white between.
at::Tensor tiled(const std::vector<at::Tensor>& columns) {
  constexpr int64_t kGap = 2;
  const int64_t rows = columns.front().size(0);
  const int64_t size = columns.front().size(-1);
  const int64_t pitch = size + kGap;
  at::Tensor grid =
      at::full({3, rows * pitch - kGap, static_cast<int64_t>(columns.size()) * pitch - kGap}, 255,
               at::kByte);
  for (int64_t row = 0; row < rows; ++row) {
    for (size_t column = 0; column < columns.size(); ++column) {
      grid.narrow(1, row * pitch, size)
          .narrow(2, static_cast<int64_t>(column) * pitch, size)
          .copy_(columns[column][row]);
    }
  }
  return grid;
}

}  // namespace

void write_sample_grid(const std::filesystem::path& file, const TrainState& state,
                       const Dataset& data, int64_t rows) {
  const at::NoGradGuard no_grad;
  rows = std::min({rows, data.test_a.images.size(0), data.test_b.images.size(0)});
  const at::Tensor a = spread(data.test_a.images, rows).to(state.netG_A->options());
  const at::Tensor b = spread(data.test_b.images, rows).to(state.netG_A->options());
  const at::Tensor fake_b = translated(*state.netG_A, a);
  const at::Tensor fake_a = translated(*state.netG_B, b);
  std::vector<at::Tensor> columns;
  for (const at::Tensor& images : {a, fake_b, translated(*state.netG_B, fake_b), b, fake_a,
                                   translated(*state.netG_A, fake_a)}) {
    columns.push_back(to_grey_levels(images.to(at::kCPU)));
  }
  write_png(file, tiled(columns));
}

}  // namespace scgan::sweeps
