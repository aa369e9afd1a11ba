// Which ranks of a group hold which part of the TrainState: every rank trains the generators, but
// from two ranks on, each discriminator is trained by every second rank only.
#pragma once

#include <cstdint>

namespace scgan {

enum class Placement : uint8_t { kAllRanks, kEvenRanks, kOddRanks };

inline constexpr Placement kPlacementOfDA = Placement::kEvenRanks;
inline constexpr Placement kPlacementOfDB = Placement::kOddRanks;

// The lowest of `size` ranks that holds what is placed so; a single rank holds everything.
constexpr int first_holder(Placement placement, int size) {
  return placement == Placement::kOddRanks && size > 1 ? 1 : 0;
}

constexpr bool is_held(Placement placement, int rank, int size) {
  if (placement == Placement::kAllRanks || size == 1) return true;
  return rank % 2 == first_holder(placement, size);
}

}  // namespace scgan
