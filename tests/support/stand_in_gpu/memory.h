// Memory of the stand-in GPU. As with a real one, the program cannot access it: a read or write
// outside kernels and copies raises SIGSEGV.
#pragma once

#include <cstddef>

namespace scgan::stand_in {

// Returns memory whose bytes are NaN as floating-point numbers, or nullptr if the device is full.
// SCGAN_STAND_IN_MEMORY_MIB: the memory of a device (8192).
void* allocate(size_t bytes, int device);
// Page-locked memory of the host.
void* allocate_pinned(size_t bytes);
// Returns false if neither function above returned `address`.
bool release(void* address);

// The address at which kernels access the memory that the program knows as `address`: different
// for memory of the GPU, the same for memory of the host.
void* kernel_address(const void* address);

enum class MemoryKind { kPageable, kPinned, kDevice };
struct MemoryLocation {
  MemoryKind kind = MemoryKind::kPageable;
  int device = -1;
};
MemoryLocation location_of(const void* address);

struct MemoryInfo {
  size_t free, total;
};
MemoryInfo memory_info(int device);

}  // namespace scgan::stand_in
