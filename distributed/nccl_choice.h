// Whether the ranks of a group can exchange tensors by NCCL: a decision of pure values, so that it
// can be tested without a GPU.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace scgan::distributed {

// Why NCCL is not used for ranks that sit on these GPUs (gpu_location(); empty: on none); nothing
// when it can be. NCCL wants a GPU of its own for every rank; `sharing`: this one can do without.
std::optional<std::string> why_not_nccl(const std::vector<std::string>& seats, bool sharing);

}  // namespace scgan::distributed
