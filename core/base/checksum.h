// Fast checksums against damage, not against intent: XXH3, 64 bits.
#pragma once

#include <cstddef>
#include <cstdint>

namespace scgan {

uint64_t checksum(const void* bytes, size_t count);

}  // namespace scgan
