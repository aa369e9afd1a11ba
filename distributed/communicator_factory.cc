#include "distributed/communicator_factory.h"

#include <utility>

#include "core/comm/solo_communicator.h"
#include "distributed/deadline.h"
#include "distributed/mpi_communicator.h"
#include "distributed/nccl_factory.h"

namespace scgan::distributed {

std::unique_ptr<Communicator> make_communicator(MpiComm group, c10::Device device,
                                                double timeout_seconds) {
  auto host = std::make_unique<MpiCommunicator>(std::move(group), timeout_seconds);
  if (host->size() == 1) return std::make_unique<SoloCommunicator>();
  return over_nccl_if_possible(std::move(host), device, timeout_seconds);
}

std::unique_ptr<Communicator> make_rank_group(const std::vector<int>& members, c10::Device device) {
  if (members.size() == 1) return std::make_unique<SoloCommunicator>();
  MpiComm group = [&] {
    const PendingWait pending("MPI_Comm_create_group");
    return group_of(MPI_COMM_WORLD, members);
  }();
  return make_communicator(std::move(group), device, timeout_seconds());
}

}  // namespace scgan::distributed
