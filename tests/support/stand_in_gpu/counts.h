// Counts the calls of this process that make a training step slow on a GPU.
#pragma once

#include <cstdint>

namespace scgan::stand_in {

struct Counts {
  // Calls in which the host waits for everything queued on a stream or on the GPU: synchronising
  // functions of CUDA, copies that block, operations whose result the host reads.
  int64_t synchronisations = 0;
  // Waits of the host for one event: by CUDA's function, or by a thread that asks again and again
  // whether the event has been reached.
  int64_t event_waits = 0;
  // Copies between the GPU and host memory that is not page-locked.
  int64_t pageable_copies = 0;
  // Operations of LibTorch on the GPU; each launches one or a few kernels.
  int64_t operations = 0;
  // Images and weights that were copied between channels_last and LibTorch's default format.
  int64_t format_changes = 0;
};

void count_synchronisation();
void count_event_wait();
void count_event_query(const void* event);
void count_pageable_copy();
void count_operation();
void count_format_changes(int64_t count);

}  // namespace scgan::stand_in

// For tests, which find it by dlsym: what this process has done so far.
extern "C" void scgan_stand_in_counts(scgan::stand_in::Counts* counts);
