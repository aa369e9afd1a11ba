#include "distributed/nccl_choice.h"

#include <fmt/format.h>

#include <map>

namespace scgan::distributed {

std::optional<std::string> why_not_nccl(const std::vector<std::string>& seats, bool sharing) {
  std::map<std::string, size_t> taken;
  for (size_t rank = 0; rank < seats.size(); ++rank) {
    if (seats[rank].empty()) return fmt::format("rank {} has no GPU", rank);
    const auto [other, free] = taken.emplace(seats[rank], rank);
    if (!free && !sharing) {
      return fmt::format("ranks {} and {} share the GPU at {}", other->second, rank,
                         seats[rank].substr(seats[rank].find(' ') + 1));
    }
  }
  return std::nullopt;
}

}  // namespace scgan::distributed
