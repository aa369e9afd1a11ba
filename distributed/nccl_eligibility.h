// Whether the ranks of a group can exchange tensors by NCCL: a pure function, so that tests need no
// GPU.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace scgan::distributed {

// Why ranks on these GPUs cannot use NCCL; nullopt if they can. `gpu_locations`: gpu_location() of
// every rank, "" for a rank without a GPU. NCCL needs a GPU per rank unless `may_share`.
std::optional<std::string> why_not_nccl(const std::vector<std::string>& gpu_locations,
                                        bool may_share);

}  // namespace scgan::distributed
