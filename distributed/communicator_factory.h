// The Communicator that a group of ranks exchanges tensors by.
#pragma once

#include <c10/core/Device.h>

#include <memory>
#include <vector>

#include "core/comm/communicator.h"
#include "distributed/mpi_comm.h"

namespace scgan::distributed {

// The communicator of `group`, whose ranks compute on `device`: SoloCommunicator for one rank; NCCL
// if every rank has a GPU of its own; else MPI, through host memory (nccl_factory.h).
// `timeout_seconds`: the longest a rank waits in one operation. Collective over the group.
std::unique_ptr<Communicator> make_communicator(MpiComm group, c10::Device device,
                                                double timeout_seconds = 1800);

// The communicator of the world ranks `members`, in the order of their ranks in the group, with
// timeout_seconds() (deadline.h); this rank, which computes on `device`, is one of them. Collective
// over the members alone: other ranks may form groups of their own at the same time. The members
// destroy it together.
std::unique_ptr<Communicator> make_rank_group(const std::vector<int>& members, c10::Device device);

}  // namespace scgan::distributed
