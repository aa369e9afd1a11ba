#include "core/base/checksum.h"

#define XXH_INLINE_ALL  // nothing to link
#include <xxhash.h>

namespace scgan {

uint64_t checksum(const void* bytes, size_t count) { return XXH3_64bits(bytes, count); }

}  // namespace scgan
