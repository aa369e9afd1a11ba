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

void use_threads(int threads) {
  at::internal::lazy_init_num_threads();  // for at::parallel_for in this program
  at::get_num_threads();                  // for that in LibTorch
  at::set_num_threads(threads);
}

void make_deterministic(int threads) {
  use_threads(threads);
  use_deterministic_kernels();
}

}  // namespace scgan
