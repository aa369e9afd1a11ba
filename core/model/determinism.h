// LibTorch's switches that make equal inputs produce equal bits.
#pragma once

namespace scgan {

// Restricts LibTorch to deterministic kernels, in all threads of this process: no choice by
// speed, no TF32. An operation without such a kernel throws. New tensors are not filled, so nothing
// may read memory that it has not written.
void use_deterministic_kernels();

// The same, with `threads` CPU threads per operation (at least 1): their number changes the last
// bits of sums.
void make_deterministic(int threads);

}  // namespace scgan
