#include "tests/support/stand_in_gpu/counts.h"

#include <atomic>
#include <utility>

namespace scgan::stand_in {
namespace {

std::atomic<int64_t> synchronisations{0}, event_waits{0}, pageable_copies{0}, operations{0},
    format_changes{0};

// A thread waits for an event if it asks for it this often and queues nothing in between.
// LibTorch's allocators ask once or twice, to learn what is free.
constexpr int kQueriesOfAWait = 10;

// Of a thread.
struct Queries {
  bool has_queued = false;
  const void* event = nullptr;
  int count = 0;
};
thread_local Queries queries;

}  // namespace

void count_synchronisation() { ++synchronisations; }
void count_event_wait() { ++event_waits; }
void count_pageable_copy() { ++pageable_copies; }
void count_operation() {
  ++operations;
  queries = {true, nullptr, 0};
}
void count_format_changes(int64_t count) { format_changes += count; }
void count_event_query(const void* event) {
  if (!queries.has_queued) return;
  if (std::exchange(queries.event, event) != event) queries.count = 0;
  if (++queries.count == kQueriesOfAWait) count_event_wait();
}

}  // namespace scgan::stand_in

void scgan_stand_in_counts(scgan::stand_in::Counts* counts) {
  using namespace scgan::stand_in;  // NOLINT
  *counts = {synchronisations, event_waits, pageable_copies, operations, format_changes};
}
