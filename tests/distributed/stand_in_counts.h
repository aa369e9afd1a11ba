// What the stand-in for a GPU counts, for tests that may run on it.
#pragma once

#include <dlfcn.h>

#include "tests/support/stand_in_gpu/counts.h"

namespace scgan::distributed {

using CountFunction = void (*)(stand_in::Counts*);

// nullptr unless the stand-in is preloaded.
inline CountFunction counts_of_stand_in() {
  return reinterpret_cast<CountFunction>(dlsym(RTLD_DEFAULT, "scgan_stand_in_counts"));
}

inline stand_in::Counts counted() {
  stand_in::Counts now;
  counts_of_stand_in()(&now);
  return now;
}

// What has been done since `before` was counted.
inline stand_in::Counts counted_since(const stand_in::Counts& before) {
  const stand_in::Counts now = counted();
  return {now.synchronisations - before.synchronisations, now.event_waits - before.event_waits,
          now.pageable_copies - before.pageable_copies, now.operations - before.operations,
          now.format_changes - before.format_changes};
}

}  // namespace scgan::distributed
