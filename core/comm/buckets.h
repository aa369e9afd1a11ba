// Buckets: the parts of a flat gradient that are passed to the library's all-reduce one after
// another, so that one part is summed while the next one is transferred. The layout depends only on
// the vector's length, so it is the same in every step and on every rank.
#pragma once

#include <cstdint>
#include <vector>

namespace scgan {

struct Bucket {
  int64_t begin = 0, count = 0;  // elements
};

struct BucketSizes {
  // Small: the network is idle until the first bucket is sent.
  int64_t first_bytes = int64_t{1} << 20;
  // Large: every message has a fixed cost.
  int64_t later_bytes = int64_t{25} << 20;
};

// Returns buckets that cover the whole vector, from its end to its beginning: a backward pass
// completes the last layers first. Buckets start at multiples of 64 bytes from the beginning, as
// the parameters do. No bucket is empty or larger than its size rounded down to a multiple of 64
// bytes. `element_bytes` must divide 64, and both sizes must be at least 64.
std::vector<Bucket> bucket_layout(int64_t elements, int64_t element_bytes,
                                  const BucketSizes& sizes = {});

}  // namespace scgan
