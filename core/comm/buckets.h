// Buckets: the parts in which a flat gradient is handed to the library's own sum, so that one part
// is added while the next one travels. The layout depends on the vector's length alone: it is the
// same in every step and on every rank.
#pragma once

#include <cstdint>
#include <vector>

namespace scgan {

struct Bucket {
  int64_t begin = 0, count = 0;  // elements
};

struct BucketSizes {
  int64_t first_bytes = int64_t{1} << 20;   // small: the network is idle until it is handed over
  int64_t later_bytes = int64_t{25} << 20;  // large: a message has a price of its own
};

// The whole vector, from its end to its begin: a backward pass completes the last layers first.
// Cuts lie at multiples of 64 bytes from the begin, as the parameters do; no bucket is larger than
// its size rounded down to such a multiple, nor empty. `element_bytes` divides 64, the sizes are 64
// or more.
std::vector<Bucket> bucket_layout(int64_t elements, int64_t element_bytes,
                                  const BucketSizes& sizes = {});

}  // namespace scgan
