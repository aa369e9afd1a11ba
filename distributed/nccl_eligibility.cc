#include "distributed/nccl_eligibility.h"

#include <fmt/format.h>

#include <map>

namespace scgan::distributed {

std::optional<std::string> why_not_nccl(const std::vector<std::string>& gpu_locations,
                                        bool may_share) {
  std::map<std::string, size_t> rank_at;
  for (size_t rank = 0; rank < gpu_locations.size(); ++rank) {
    const std::string& location = gpu_locations[rank];
    if (location.empty()) return fmt::format("rank {} has no GPU", rank);
    const auto [other, is_new] = rank_at.emplace(location, rank);
    if (!is_new && !may_share) {
      return fmt::format("ranks {} and {} share the GPU at {}", other->second, rank,
                         location.substr(location.find(' ') + 1));
    }
  }
  return std::nullopt;
}

}  // namespace scgan::distributed
