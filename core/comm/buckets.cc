#include "core/comm/buckets.h"

#include <algorithm>

namespace scgan {

std::vector<Bucket> bucket_layout(int64_t elements, int64_t element_bytes,
                                  const BucketSizes& sizes) {
  const int64_t line = 64 / element_bytes;
  std::vector<Bucket> buckets;
  for (int64_t end = elements; end > 0; end = buckets.back().begin) {
    const int64_t bytes = buckets.empty() ? sizes.first_bytes : sizes.later_bytes;
    const int64_t begin = std::max<int64_t>(0, end - bytes / element_bytes);
    const int64_t cut = (begin + line - 1) / line * line;
    buckets.push_back({cut, end - cut});
  }
  return buckets;
}

}  // namespace scgan
