// The Communicator of ranks that train one run together.
#pragma once

#include <c10/core/Device.h>

#include <memory>
#include <vector>

#include "core/comm/communicator.h"

namespace scgan::distributed {

// `members`: world ranks, in the order of their ranks in the group; this rank is one of them.
// `device`: what this rank computes on; it decides how the group exchanges tensors
// (communicator_factory.h). Collective over the members alone: other ranks go on meanwhile, also
// with groups of their own. The members destroy it together.
std::unique_ptr<Communicator> make_rank_group(const std::vector<int>& members, c10::Device device);

}  // namespace scgan::distributed
