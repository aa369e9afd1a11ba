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

inline stand_in::Counts difference(const stand_in::Counts& end, const stand_in::Counts& begin) {
  return {end.synchronisations - begin.synchronisations, end.event_waits - begin.event_waits,
          end.pageable_copies - begin.pageable_copies, end.operations - begin.operations,
          end.format_changes - begin.format_changes};
}

}  // namespace scgan::distributed
