// LibTorch's switches that make equal inputs give equal bits.
#pragma once

namespace scgan {

// Makes LibTorch take deterministic kernels only, of this process and all its threads: no choice by
// speed, no TF32. An operation without such a kernel throws.
void use_deterministic_kernels();

// The same, with `threads` CPU threads per operation (at least 1): their number changes the last
// bits of sums.
void make_deterministic(int threads);

}  // namespace scgan
