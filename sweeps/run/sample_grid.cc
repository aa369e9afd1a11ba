#include "sweeps/run/sample_grid.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
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
  const at::Tensor fake_b = state.netG_A->forward(a);
  const at::Tensor fake_a = state.netG_B->forward(b);
  std::vector<at::Tensor> columns;
  for (const at::Tensor& images :
       {a, fake_b, state.netG_B->forward(fake_b), b, fake_a, state.netG_A->forward(fake_a)}) {
    columns.push_back(to_grey_levels(images.to(at::kCPU)));
  }
  write_png(file, tiled(columns));
}

}  // namespace scgan::sweeps
