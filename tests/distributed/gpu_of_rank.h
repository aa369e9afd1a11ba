// The GPU of this rank, for tests that need one.
#pragma once

#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/Device.h>
#include <mpi.h>

#include <filesystem>
#include <optional>

#include "distributed/device.h"

namespace scgan::distributed {

// nullopt only if the machine has no NVIDIA GPU and no stand-in is preloaded; throws if it has one
// that does not start. Collective.
inline std::optional<c10::Device> gpu_of_rank() {
  MPI_Comm host = MPI_COMM_NULL;
  int local_rank = 0;
  MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &host);
  MPI_Comm_rank(host, &local_rank);
  MPI_Comm_free(&host);
  const bool visible = at::hasCUDA() && at::detail::getCUDAHooks().deviceCount() > 0;
  if (!visible && !std::filesystem::exists("/dev/nvidiactl")) return std::nullopt;
  return choose_device("cuda", local_rank);
}

}  // namespace scgan::distributed
