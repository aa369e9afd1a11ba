#include "core/model/determinism.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>

namespace scgan {

void use_deterministic_kernels() {
  auto& context = at::globalContext();
  context.setDeterministicAlgorithms(true, /*warn_only=*/false);
  // Otherwise every new tensor is filled with NaN, which takes a twentieth of a training step.
  context.setDeterministicFillUninitializedMemory(false);
  context.setDeterministicCuDNN(true);
  context.setBenchmarkCuDNN(false);
  context.setAllowTF32CuBLAS(false);
  context.setAllowTF32CuDNN(false);
}

void make_deterministic(int threads) {
  at::set_num_threads(threads);
  use_deterministic_kernels();
}

}  // namespace scgan
