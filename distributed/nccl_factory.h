// What this build has of NCCL. The build compiles nccl_factory.cc, or nccl_factory_none.cc without
// NCCL.
#pragma once

#include <c10/core/Device.h>

#include <memory>
#include <string>

#include "core/comm/communicator.h"
#include "distributed/mpi_communicator.h"

namespace scgan::distributed {

// "2.28.9", or "none" in a build without NCCL.
std::string nccl_version();

// Returns an NcclCommunicator among the ranks of `host`, which compute on `device`, if
// why_not_nccl() has no objection (nccl_eligibility.h), else `host` itself. If any rank has a GPU,
// rank 0 logs which one and why. With SCGAN_NCCL_SHARED_GPU=1 on all ranks and NCCL 2.30 or later,
// ranks may share a GPU (for tests). Collective over `host`.
std::unique_ptr<Communicator> over_nccl_if_possible(std::unique_ptr<MpiCommunicator> host,
                                                    c10::Device device, double timeout_seconds);

}  // namespace scgan::distributed
