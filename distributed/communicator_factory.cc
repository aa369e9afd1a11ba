#include "distributed/communicator_factory.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/log.h"
#include "core/comm/solo_communicator.h"
#include "distributed/mpi_communicator.h"
#include "distributed/nccl_choice.h"

#if SCGAN_WITH_CUDART
#include "distributed/gpu.h"
#endif
#if SCGAN_WITH_NCCL
#include "distributed/nccl_communicator.h"
#endif

namespace scgan::distributed {

#if SCGAN_WITH_CUDART
std::string gpu_model(c10::Device device) { return gpu_name(device); }
void prepare_gpu() { refuse_when_gpu_memory_ends(); }
void give_back_gpu_memory(c10::Device device) {
  if (device.is_cuda()) give_back_memory();
}
#else
std::string gpu_model(c10::Device device) { return device.str(); }
void prepare_gpu() {}
void give_back_gpu_memory(c10::Device) {}
#endif

#if SCGAN_WITH_NCCL

namespace {

constexpr int kSharingSince = 23000;  // NCCL 2.30

// On every rank, in rank order.
std::vector<std::string> seats_of(Communicator& communicator, c10::Device device) {
  constexpr int64_t kWidth = 128;
  const std::string own = device.is_cuda() ? gpu_location(device) : "";
  at::Tensor mine = at::zeros({1, kWidth}, at::kByte);
  std::memcpy(mine.mutable_data_ptr(), own.data(), std::min<size_t>(own.size(), kWidth - 1));
  const at::Tensor all = all_gather_rows(communicator, mine);
  std::vector<std::string> seats;
  for (int64_t rank = 0; rank < communicator.size(); ++rank) {
    seats.emplace_back(reinterpret_cast<const char*>(all[rank].const_data_ptr<uint8_t>()));
  }
  return seats;
}

// Whether all ranks may share their GPUs.
bool sharing_allowed(Communicator& communicator) {
  const char* word = std::getenv("SCGAN_NCCL_SHARED_GPU");
  const bool wanted = word != nullptr && std::string_view(word) == "1";
  int version = 0;
  ncclGetVersion(&version);
  if (wanted && version < kSharingSince) {
    log::warn("SCGAN_NCCL_SHARED_GPU=1 needs NCCL 2.30 or later, this is {}", nccl_version());
  }
  return !any_rank(communicator, !wanted || version < kSharingSince);
}

}  // namespace

std::string nccl_version() { return nccl_runtime_version(); }

std::unique_ptr<Communicator> make_communicator(MpiComm group, c10::Device device,
                                                double timeout_seconds) {
  auto host = std::make_unique<MpiCommunicator>(std::move(group), timeout_seconds);
  if (host->size() == 1) return std::make_unique<SoloCommunicator>();
  const bool any_gpu = any_rank(*host, device.is_cuda());
  if (!any_gpu) return host;
  const bool sharing = sharing_allowed(*host);
  const auto objection = why_not_nccl(seats_of(*host, device), sharing);
  if (objection) {
    if (host->rank() == 0) {
      log::info("no NCCL, since {}: tensors travel by MPI, through host memory", *objection);
    }
    return host;
  }
  if (sharing) setenv("NCCL_MULTI_RANK_GPU_ENABLE", "1", 0);
  if (host->rank() == 0)
    log::info("{} ranks exchange tensors by NCCL {}", host->size(), nccl_version());
  give_back_gpu_memory(device);
  return std::make_unique<NcclCommunicator>(std::move(host), device, timeout_seconds);
}

#else

std::string nccl_version() { return "none"; }

std::unique_ptr<Communicator> make_communicator(MpiComm group, c10::Device,
                                                double timeout_seconds) {
  auto host = std::make_unique<MpiCommunicator>(std::move(group), timeout_seconds);
  if (host->size() == 1) return std::make_unique<SoloCommunicator>();
  return host;
}

#endif

}  // namespace scgan::distributed
