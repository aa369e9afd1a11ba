// LibTorch's switches that make equal inputs produce equal bits.
#pragma once

namespace scgan {

// Restricts LibTorch to deterministic kernels, in all threads of this process: no choice by
// speed, no TF32. An operation without such a kernel throws. New tensors are not filled, so nothing
// may read memory that it has not written.
void use_deterministic_kernels();

// Lets LibTorch's operations in this thread use `threads` CPU threads (at least 1). With
// at::set_num_threads alone, the first parallel loop of a thread would take the number that any
// thread of the process set last.
void use_threads(int threads);

// The same, with `threads` CPU threads per operation (at least 1): their number changes the last
// bits of sums.
void make_deterministic(int threads);

}  // namespace scgan
