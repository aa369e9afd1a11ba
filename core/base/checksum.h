// Fast checksums that detect damage, not tampering: 64-bit XXH3.
#pragma once

#include <cstddef>
#include <cstdint>

namespace scgan {

uint64_t checksum(const void* bytes, size_t count);

}  // namespace scgan
