// Memory of the stand-in GPU. As with a real one, its addresses mean nothing to the program: who
// reads or writes there outside a kernel or a copy dies of SIGSEGV.
#pragma once

#include <cstddef>

namespace scgan::stand_in {

// Filled with bytes that are NaN as floating-point numbers. nullptr: there is no more;
// SCGAN_STAND_IN_MEMORY_MIB limits a device (8192).
void* allocate(size_t bytes, int device);
// Page-locked memory of the host.
void* allocate_pinned(size_t bytes);
bool release(void* address);  // false: not one of these addresses

// Where kernels find what the program calls `address`: another address for memory of the GPU, the
// same one for memory of the host.
void* reachable(const void* address);

enum class Place { kPageable, kPinned, kDevice };
struct Whereabouts {
  Place place = Place::kPageable;
  int device = -1;
};
Whereabouts whereabouts(const void* address);

struct Room {
  size_t free, total;
};
Room room(int device);

}  // namespace scgan::stand_in
