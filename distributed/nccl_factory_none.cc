// nccl_factory.h in a build without NCCL.
#include "distributed/nccl_factory.h"

namespace scgan::distributed {

std::string nccl_version() { return "none"; }

std::unique_ptr<Communicator> over_nccl_if_possible(std::unique_ptr<MpiCommunicator> host,
                                                    c10::Device /*device*/,
                                                    double /*timeout_seconds*/) {
  return host;
}

}  // namespace scgan::distributed
