#include "tests/support/stand_in_gpu/counts.h"

#include <atomic>

namespace scgan::stand_in {
namespace {

std::atomic<int64_t> synchronisations{0}, event_waits{0}, pageable_copies{0}, operations{0};

}  // namespace

void count_synchronisation() { ++synchronisations; }
void count_event_wait() { ++event_waits; }
void count_pageable_copy() { ++pageable_copies; }
void count_operation() { ++operations; }

}  // namespace scgan::stand_in

void scgan_stand_in_counts(scgan::stand_in::Counts* counts) {
  using namespace scgan::stand_in;  // NOLINT
  *counts = {synchronisations, event_waits, pageable_copies, operations};
}
