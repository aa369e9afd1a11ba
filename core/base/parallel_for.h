// Runs independent pieces of work on all cores.
#pragma once

#include <cstddef>
#include <functional>

namespace scgan {

// Calls work(i) once for every i in 0 ... count - 1, from several threads and in any order; returns
// when all are done. After an exception no further piece starts, and the first exception is
// rethrown.
void parallel_for(size_t count, const std::function<void(size_t)>& work);

}  // namespace scgan
