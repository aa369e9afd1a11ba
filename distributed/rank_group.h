// RankGroup: the ranks that train one run together, and the Communicator between them.
#pragma once

#include <c10/core/Device.h>

#include <memory>

#include "core/comm/communicator.h"

namespace scgan::distributed {

class RankGroup {
 public:
  // Cuts the world into groups of `ranks` neighbouring ranks; a rest that fills no group is idle.
  // `device`: what this rank computes on; it decides how the group exchanges tensors
  // (communicator_factory.h). Collective; the ranks of a group leave its scope together.
  RankGroup(int world_rank, int world_size, int ranks,
            c10::Device device = c10::Device(c10::DeviceType::CPU));

  bool idle() const { return communicator_ == nullptr; }
  int index() const { return index_; }  // of the group
  int count() const { return count_; }  // of groups
  bool is_leader() const { return !idle() && communicator_->rank() == 0; }
  // Only for ranks that are not idle.
  Communicator& communicator() { return *communicator_; }

 private:
  int index_ = 0, count_ = 0;
  std::unique_ptr<Communicator> communicator_;
};

}  // namespace scgan::distributed
