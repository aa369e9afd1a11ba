// Which ranks of a group hold which part of the TrainState. Every rank trains the generators; with
// two or more ranks, only every second rank trains each discriminator.
#pragma once

#include <cstdint>

namespace scgan {

enum class Placement : uint8_t { kAllRanks, kEvenRanks, kOddRanks };

inline constexpr Placement kPlacementOfDA = Placement::kEvenRanks;
inline constexpr Placement kPlacementOfDB = Placement::kOddRanks;

// Returns the lowest of `size` ranks that holds a part with this placement. A single rank holds
// everything.
constexpr int first_holder(Placement placement, int size) {
  return placement == Placement::kOddRanks && size > 1 ? 1 : 0;
}

constexpr bool is_held(Placement placement, int rank, int size) {
  if (placement == Placement::kAllRanks || size == 1) return true;
  return rank % 2 == first_holder(placement, size);
}

}  // namespace scgan
