// SCGAN_VECTORIZED: compiles a function for several generations of x86-64 processors; the program
// takes the best one that the processor has. For small functions with loops over arrays.
#pragma once

// Sanitizers are not ready when such functions are chosen, and Clang does not know the names.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define SCGAN_VECTORIZED \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define SCGAN_VECTORIZED
#endif
