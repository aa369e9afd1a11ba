// NCCL for the stand-in GPUs: the functions that this project calls or LibTorch links to, with
// non-blocking communicators between processes of one host. Misuse of NCCL is an error here, too:
// a call before the previous one is enqueued, ncclCommDestroy without ncclCommFinalize.
#include <cuda_runtime_api.h>
#include <nccl.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/stand_in_gpu/memory.h"
#include "tests/support/stand_in_gpu/shared_nccl.h"
#include "tests/support/stand_in_gpu/stream.h"

namespace scgan::stand_in {
namespace {

enum OperationKind : uint64_t { kAllGather = 1, kAllReduce, kBroadcast, kPointToPoint, kEnd };

size_t type_bytes(ncclDataType_t type) {
  switch (type) {
    case ncclFloat64:
    case ncclInt64:
    case ncclUint64:
      return 8;
    case ncclFloat32:
    case ncclInt32:
    case ncclUint32:
      return 4;
    case ncclFloat16:
    case ncclBfloat16:
      return 2;
    default:
      return 1;
  }
}

template <typename Number>
void add_all(const std::vector<std::vector<char>>& terms, void* sum, size_t count) {
  auto* to = static_cast<Number*>(sum);
  for (size_t i = 0; i < count; ++i) {
    Number total = 0;
    for (const auto& term : terms) total += reinterpret_cast<const Number*>(term.data())[i];
    to[i] = total;
  }
}

char* bytes_at(const void* address) { return static_cast<char*>(kernel_address(address)); }

}  // namespace
}  // namespace scgan::stand_in

using namespace scgan::stand_in;  // NOLINT: NCCL's functions follow

struct ncclComm {
  std::shared_ptr<SharedNccl> shared;
  int polls = 0;  // that still return ncclInProgress
  bool finalized = false;
};

namespace scgan::stand_in {
namespace {

constexpr int kPollsPerCall = 2;

struct PointToPoint {
  ncclComm_t comm;
  CUstream_st* stream;
  bool out;
  Transfer transfer;  // with the program's address of the data
};

struct Group {
  int depth = 0;
  std::vector<PointToPoint> calls;
};

Group& group() {
  thread_local Group open;
  return open;
}

// ncclInProgress if a call is allowed now; the next polls then return ncclInProgress.
ncclResult_t begin_call(ncclComm_t comm) {
  if (comm == nullptr || comm->finalized) return ncclInvalidUsage;
  if (comm->polls > 0 || comm->shared->state() != ncclSuccess) {
    comm->shared->set(ncclInvalidUsage, "a call before the previous one was enqueued");
    return ncclInvalidUsage;
  }
  comm->polls = kPollsPerCall;
  return ncclInProgress;
}

ncclResult_t begin_call(ncclComm_t comm, const CUstream_st& stream) {
  if (stream.device() == comm->shared->device) return begin_call(comm);
  comm->shared->set(ncclInvalidUsage, "the stream belongs to another GPU");
  return ncclInvalidUsage;
}

using Work = std::function<void(SharedNccl&, uint64_t number)>;

void queue(ncclComm_t comm, CUstream_st& stream, Work work) {
  stream.queue([shared = comm->shared, number = comm->shared->next_number(),
                work = std::move(work)] { work(*shared, number); });
}

// Sends this rank's bytes to all ranks and receives those of rank r at target(r).
void gather(SharedNccl& shared, uint64_t number, uint64_t kind, char* own, size_t bytes,
            const std::function<char*(int)>& target) {
  std::vector<Transfer> sends, receives;
  for (int peer = 0; peer < shared.size; ++peer) {
    if (peer == shared.rank) continue;
    sends.push_back({peer, own, bytes});
    receives.push_back({peer, target(peer), bytes});
  }
  if (char* mine = target(shared.rank); mine != own) std::memmove(mine, own, bytes);
  shared.perform(number, kind, sends, receives);
}

// Queues the sends and receives of a group on one communicator.
void queue_group(ncclComm_t comm, const std::vector<PointToPoint>& calls) {
  queue(comm, *calls.front().stream, [calls](SharedNccl& shared, uint64_t number) {
    std::vector<Transfer> sends, receives, to_self, from_self;
    for (const PointToPoint& call : calls) {
      Transfer transfer = call.transfer;
      transfer.data = bytes_at(transfer.data);
      const bool self = transfer.peer == shared.rank;
      (call.out ? (self ? to_self : sends) : (self ? from_self : receives)).push_back(transfer);
    }
    for (size_t i = 0; i < to_self.size() && i < from_self.size(); ++i) {
      std::memmove(from_self[i].data, to_self[i].data, to_self[i].bytes);
    }
    shared.perform(number, kPointToPoint, sends, receives);
  });
}

ncclResult_t point_to_point(const void* data, size_t count, ncclDataType_t type, int peer, bool out,
                            ncclComm_t comm, cudaStream_t stream) {
  if (group().depth == 0) return ncclInvalidUsage;  // supported only inside a group
  group().calls.push_back(
      {comm,
       &stream_of(stream),
       out,
       {peer, static_cast<char*>(const_cast<void*>(data)), count * type_bytes(type)}});
  return ncclSuccess;
}

}  // namespace
}  // namespace scgan::stand_in

extern "C" {

ncclResult_t ncclGetVersion(int* version) { return *version = NCCL_VERSION_CODE, ncclSuccess; }

ncclResult_t ncclGetUniqueId(ncclUniqueId* id) {
  std::random_device draws;
  *id = {};
  std::snprintf(id->internal, sizeof id->internal, "scgan-nccl-%08x%08x%08x", draws(), draws(),
                draws());
  return ncclSuccess;
}

const char* ncclGetErrorString(ncclResult_t result) {
  constexpr std::array<const char*, ncclNumResults> kTexts{
      "no error",         "unhandled cuda error", "unhandled system error", "internal error",
      "invalid argument", "invalid usage",        "remote process exited",  "in progress"};
  return result < ncclNumResults ? kTexts[static_cast<size_t>(result)] : "unknown result code";
}

const char* ncclGetLastError(ncclComm_t comm) {
  thread_local std::string held;
  held = comm == nullptr ? "" : comm->shared->text();
  return held.c_str();
}

ncclResult_t ncclCommInitRankConfig(ncclComm_t* comm, int size, ncclUniqueId id, int rank,
                                    ncclConfig_t* config) {
  if (config->blocking != 0) return ncclInvalidUsage;  // blocking communicators are not supported
  std::array<char, 32> gpu{};
  cudaDeviceGetPCIBusId(gpu.data(), static_cast<int>(gpu.size()), current_device());
  auto shared = std::make_shared<SharedNccl>(id.internal, rank, size, current_device());
  std::thread([shared, gpu = std::string(gpu.data())] {
    const std::string problem = shared->links.connect(gpu);
    shared->set(problem.empty() ? ncclSuccess : ncclInvalidUsage, problem);
  }).detach();
  *comm = new ncclComm{std::move(shared)};
  return ncclInProgress;
}

ncclResult_t ncclCommGetAsyncError(ncclComm_t comm, ncclResult_t* state) {
  const ncclResult_t actual = comm->shared->state();
  *state = actual == ncclSuccess && comm->polls > 0 ? ncclInProgress : actual;
  if (comm->polls > 0) --comm->polls;
  return ncclSuccess;
}

ncclResult_t ncclCommFinalize(ncclComm_t comm) {
  if (const ncclResult_t status = begin_call(comm); status != ncclInProgress) return status;
  comm->finalized = true;
  comm->shared->set(ncclInProgress);
  std::thread([shared = comm->shared, number = comm->shared->next_number()] {
    char bye = 0;
    std::vector<char> byes(static_cast<size_t>(shared->size));
    gather(*shared, number, kEnd, &bye, 1,
           [&](int peer) { return &byes[static_cast<size_t>(peer)]; });
    if (shared->state() == ncclInProgress) shared->set(ncclSuccess);
  }).detach();
  return ncclInProgress;
}

ncclResult_t ncclCommDestroy(ncclComm_t comm) {
  if (!comm->finalized || comm->shared->state() != ncclSuccess) return ncclInvalidUsage;
  comm->shared->release_buffers();
  delete comm;
  return ncclSuccess;
}

ncclResult_t ncclCommAbort(ncclComm_t comm) {
  comm->shared->abort();
  comm->shared->release_buffers();
  delete comm;
  return ncclSuccess;
}

ncclResult_t ncclAllGather(const void* mine, void* all, size_t count, ncclDataType_t type,
                           ncclComm_t comm, cudaStream_t stream) {
  const size_t bytes = count * type_bytes(type);
  const ncclResult_t status = begin_call(comm, stream_of(stream));
  if (status != ncclInProgress) return status;
  queue(comm, stream_of(stream), [=](SharedNccl& shared, uint64_t number) {
    char* rows = bytes_at(all);
    gather(shared, number, kAllGather, bytes_at(mine), bytes,
           [&](int peer) { return rows + static_cast<size_t>(peer) * bytes; });
  });
  return status;
}

ncclResult_t ncclAllReduce(const void* mine, void* sum, size_t count, ncclDataType_t type,
                           ncclRedOp_t operation, ncclComm_t comm, cudaStream_t stream) {
  if (operation != ncclSum || (type != ncclFloat32 && type != ncclFloat64))
    return ncclInvalidArgument;
  const size_t bytes = count * type_bytes(type);
  const ncclResult_t status = begin_call(comm, stream_of(stream));
  if (status != ncclInProgress) return status;
  queue(comm, stream_of(stream), [=](SharedNccl& shared, uint64_t number) {
    std::vector<std::vector<char>> terms(static_cast<size_t>(shared.size),
                                         std::vector<char>(bytes));
    gather(shared, number, kAllReduce, bytes_at(mine), bytes,
           [&](int peer) { return terms[static_cast<size_t>(peer)].data(); });
    if (shared.links.aborted()) return;
    type == ncclFloat32 ? add_all<float>(terms, kernel_address(sum), count)
                        : add_all<double>(terms, kernel_address(sum), count);
  });
  return status;
}

ncclResult_t ncclBroadcast(const void* mine, void* all, size_t count, ncclDataType_t type, int root,
                           ncclComm_t comm, cudaStream_t stream) {
  const size_t bytes = count * type_bytes(type);
  const ncclResult_t status = begin_call(comm, stream_of(stream));
  if (status != ncclInProgress) return status;
  queue(comm, stream_of(stream), [=](SharedNccl& shared, uint64_t number) {
    std::vector<Transfer> sends, receives;
    for (int peer = 0; peer < shared.size && shared.rank == root; ++peer) {
      if (peer != root) sends.push_back({peer, bytes_at(mine), bytes});
    }
    if (shared.rank != root) receives.push_back({root, bytes_at(all), bytes});
    if (shared.rank == root && mine != all) std::memmove(bytes_at(all), bytes_at(mine), bytes);
    shared.perform(number, kBroadcast, sends, receives);
  });
  return status;
}

ncclResult_t ncclGroupStart() { return ++group().depth, ncclSuccess; }

ncclResult_t ncclSend(const void* data, size_t count, ncclDataType_t type, int peer,
                      ncclComm_t comm, cudaStream_t stream) {
  return point_to_point(data, count, type, peer, true, comm, stream);
}

ncclResult_t ncclRecv(void* data, size_t count, ncclDataType_t type, int peer, ncclComm_t comm,
                      cudaStream_t stream) {
  return point_to_point(data, count, type, peer, false, comm, stream);
}

// All calls of a group must use one communicator and one stream.
ncclResult_t ncclGroupEnd() {
  if (group().depth == 0) return ncclInvalidUsage;
  if (--group().depth > 0 || group().calls.empty()) return ncclSuccess;
  const std::vector<PointToPoint> calls = std::exchange(group().calls, {});
  const PointToPoint& first = calls.front();
  for (const PointToPoint& call : calls) {
    if (call.comm != first.comm || call.stream != first.stream) return ncclInvalidUsage;
  }
  const ncclResult_t status = begin_call(first.comm, *first.stream);
  if (status == ncclInProgress && !first.comm->shared->allocate_buffers()) {
    first.comm->shared->set(ncclUnhandledCudaError, "Cuda failure 2 'out of memory'");
    return ncclUnhandledCudaError;
  }
  if (status == ncclInProgress) queue_group(first.comm, calls);
  return status;
}

}  // extern "C"
