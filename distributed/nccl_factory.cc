#include "distributed/nccl_factory.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/log.h"
#include "distributed/gpu.h"
#include "distributed/nccl_communicator.h"
#include "distributed/nccl_eligibility.h"

namespace scgan::distributed {
namespace {

constexpr int kFirstVersionThatShares = 23000;  // NCCL 2.30

// gpu_location() of every rank, in rank order, on every rank; "" for a rank without a GPU.
std::vector<std::string> gather_gpu_locations(Communicator& communicator, c10::Device device) {
  constexpr int64_t kWidth = 128;
  const std::string own = device.is_cuda() ? gpu_location(device) : "";
  at::Tensor mine = at::zeros({1, kWidth}, at::kByte);
  std::memcpy(mine.mutable_data_ptr(), own.data(), std::min<size_t>(own.size(), kWidth - 1));
  const at::Tensor all = all_gather_rows(communicator, mine);
  std::vector<std::string> locations;
  for (int64_t rank = 0; rank < communicator.size(); ++rank) {
    locations.emplace_back(reinterpret_cast<const char*>(all[rank].const_data_ptr<uint8_t>()));
  }
  return locations;
}

// Whether all ranks allow GPUs to be shared, and their NCCL can.
bool may_share_gpus(Communicator& communicator) {
  const char* setting = std::getenv("SCGAN_NCCL_SHARED_GPU");
  const bool requested = setting != nullptr && std::string_view(setting) == "1";
  int version = 0;
  ncclGetVersion(&version);
  const bool possible = version >= kFirstVersionThatShares;
  if (requested && !possible) {
    log::warn("SCGAN_NCCL_SHARED_GPU=1 needs NCCL 2.30 or later, this is {}", nccl_version());
  }
  return !any_rank(communicator, !requested || !possible);
}

}  // namespace

std::string nccl_version() {
  int code = 0;
  if (ncclGetVersion(&code) != ncclSuccess) return "unknown";
  return fmt::format("{}.{}.{}", code / 10000, code / 100 % 100, code % 100);
}

std::unique_ptr<Communicator> over_nccl_if_possible(std::unique_ptr<MpiCommunicator> host,
                                                    c10::Device device, double timeout_seconds) {
  if (!any_rank(*host, device.is_cuda())) return host;
  const bool may_share = may_share_gpus(*host);
  const auto objection = why_not_nccl(gather_gpu_locations(*host, device), may_share);
  if (objection) {
    if (host->rank() == 0) {
      log::info("no NCCL, since {}: tensors travel by MPI, through host memory", *objection);
    }
    return host;
  }
  if (may_share) setenv("NCCL_MULTI_RANK_GPU_ENABLE", "1", 0);
  if (host->rank() == 0) {
    log::info("{} ranks exchange tensors by NCCL {}", host->size(), nccl_version());
  }
  release_cached_memory(device);  // NCCL allocates outside LibTorch's cache
  return std::make_unique<NcclCommunicator>(std::move(host), device, timeout_seconds);
}

}  // namespace scgan::distributed
