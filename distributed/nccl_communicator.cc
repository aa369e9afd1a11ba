#include "distributed/nccl_communicator.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros.h>
#include <c10/cuda/CUDAGuard.h>
#include <fmt/format.h>

#include <cstring>
#include <exception>
#include <utility>

#include "core/base/error.h"
#include "core/base/log.h"

namespace scgan::distributed {
namespace {

// NCCL's id from rank 0. If creating it fails, all ranks throw, so that none waits for the others.
ncclUniqueId shared_id(Communicator& host) {
  ncclUniqueId id{};
  ncclResult_t status = ncclSuccess;
  if (host.rank() == 0) status = ncclGetUniqueId(&id);
  at::Tensor bytes = at::empty({static_cast<int64_t>(sizeof(id)) + 1}, at::kByte);
  auto* data = bytes.mutable_data_ptr<uint8_t>();
  std::memcpy(data, &id, sizeof(id));
  data[sizeof(id)] = static_cast<uint8_t>(status);
  host.broadcast(bytes, 0);
  data = bytes.mutable_data_ptr<uint8_t>();
  status = static_cast<ncclResult_t>(data[sizeof(id)]);
  if (status != ncclSuccess) {
    throw Error(ErrorKind::kCommunication, fmt::format("ncclGetUniqueId failed on rank 0 of {}: {}",
                                                       host.size(), ncclGetErrorString(status)));
  }
  std::memcpy(&id, data, sizeof(id));
  return id;
}

CudaStream stream_of(c10::Device device) {
  const c10::cuda::CUDAGuard guard(device);
  return new_stream();
}

CudaEvent event_of(c10::Device device) {
  const c10::cuda::CUDAGuard guard(device);
  return new_event();
}

NcclComm comm_of(MpiCommunicator& host, c10::Device device, double timeout_seconds) {
  const ncclUniqueId id = shared_id(host);
  const c10::cuda::CUDAGuard guard(device);
  return {id, host.rank(), host.size(), timeout_seconds, [&host] { host.throw_if_aborted(); }};
}

ncclDataType_t nccl_type_of(const at::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case at::kFloat:
      return ncclFloat32;
    case at::kDouble:
      return ncclFloat64;
    default:
      throw Error(ErrorKind::kCommunication, "all_reduce_sum needs float32 or float64");
  }
}

}  // namespace

class NcclCommunicator::Join {
 public:
  explicit Join(NcclCommunicator& communicator) : communicator_(communicator) {}
  ~Join() {
    try {
      order(communicator_.stream_.get(), communicator_.current(), communicator_.after_.get());
    } catch (const std::exception&) {  // the GPU has failed: nothing that is queued will run
    }
  }
  Join(const Join&) = delete;
  Join& operator=(const Join&) = delete;

 private:
  NcclCommunicator& communicator_;
};

NcclCommunicator::NcclCommunicator(std::unique_ptr<MpiCommunicator> host, c10::Device device,
                                   double timeout_seconds)
    : Communicator(host->rank(), host->size()),
      host_(std::move(host)),
      device_(device),
      stream_(stream_of(device)),
      before_(event_of(device)),
      after_(event_of(device)),
      comm_(comm_of(*host_, device, timeout_seconds)),
      watchdog_(comm_, device, stream_.get()),
      exceptions_(std::uncaught_exceptions()) {
  connect();
}

// NCCL connects the ranks, and allocates memory for that, at the first exchange of each kind. These
// exchanges make it do so now, not in a step that has filled the GPU's memory. No rank returns
// before all have ended them, since it could abort at once.
void NcclCommunicator::connect() {
  const at::Tensor bytes = at::zeros({size()}, at::TensorOptions(device_).dtype(at::kByte));
  at::Tensor all = at::empty_like(bytes);
  all_to_all(bytes, all);
  all_gather(bytes.narrow(0, 0, 1), all);
  settle();
  any_rank(*host_, false);
}

NcclCommunicator::~NcclCommunicator() {
  watchdog_.stop();
  const bool unwinding = std::uncaught_exceptions() > exceptions_;
  if (broken_ || watchdog_.failed() || host_->broken() || unwinding) {
    comm_.abort();
    return;
  }
  try {
    comm_.close();
  } catch (const std::exception& problem) {
    log::warn("{}", problem.what());
  }
}

cudaStream_t NcclCommunicator::current() const {
  return c10::cuda::getCurrentCUDAStream(device_.index()).stream();
}

void NcclCommunicator::run(const char* operation, const std::vector<at::Tensor>& buffers,
                           const std::function<ncclResult_t()>& enqueue) {
  for (const at::Tensor& buffer : buffers) {
    TORCH_INTERNAL_ASSERT(buffer.device() == device_ && buffer.is_contiguous(), operation);
  }
  const c10::cuda::CUDAGuard guard(device_);
  order(current(), stream_.get(), before_.get());
  const Join join(*this);
  watchdog_.enqueue(operation, enqueue);
}

void NcclCommunicator::confirm() { watchdog_.confirm(); }

void NcclCommunicator::settle() { watchdog_.settle(); }

// What the host has read from the GPU must not go to other ranks before it is confirmed.
MpiCommunicator& NcclCommunicator::confirmed_host() {
  confirm();
  return *host_;
}

void NcclCommunicator::abort(const std::string& reason) {
  broken_ = true;
  host_->abort(reason);
}

void NcclCommunicator::all_gather(const at::Tensor& mine, at::Tensor& all) {
  if (!all.is_cuda()) return confirmed_host().all_gather(mine, all);
  run("all_gather", {mine, all}, [&] {
    return ncclAllGather(mine.const_data_ptr(), all.mutable_data_ptr(), mine.nbytes(), ncclUint8,
                         comm_.get(), stream_.get());
  });
}

ncclResult_t NcclCommunicator::exchange(const at::Tensor& shards, const at::Tensor& mine) const {
  const size_t bytes = shards.nbytes() / static_cast<size_t>(size());
  const auto* send = static_cast<const char*>(shards.const_data_ptr());
  auto* receive = static_cast<char*>(mine.mutable_data_ptr());
  ncclResult_t worst = ncclGroupStart();
  const auto note = [&](ncclResult_t status) {
    if (status != ncclSuccess && status != ncclInProgress) worst = status;
  };
  for (int peer = 0; peer < size(); ++peer) {
    const size_t offset = static_cast<size_t>(peer) * bytes;
    note(ncclSend(send + offset, bytes, ncclUint8, peer, comm_.get(), stream_.get()));
    note(ncclRecv(receive + offset, bytes, ncclUint8, peer, comm_.get(), stream_.get()));
  }
  const ncclResult_t end = ncclGroupEnd();
  return worst == ncclSuccess ? end : worst;
}

void NcclCommunicator::all_to_all(const at::Tensor& shards, at::Tensor& mine) {
  if (!mine.is_cuda()) return confirmed_host().all_to_all(shards, mine);
  run("all_to_all", {shards, mine}, [&] { return exchange(shards, mine); });
}

void NcclCommunicator::broadcast(at::Tensor& tensor, int root) {
  if (!tensor.is_cuda()) return confirmed_host().broadcast(tensor, root);
  const at::Tensor buffer = tensor.contiguous();
  run("broadcast", {buffer}, [&] {
    return ncclBroadcast(buffer.const_data_ptr(), buffer.mutable_data_ptr(), buffer.nbytes(),
                         ncclUint8, root, comm_.get(), stream_.get());
  });
  if (!buffer.is_same(tensor)) tensor.copy_(buffer);
}

void NcclCommunicator::all_reduce_sum(at::Tensor& tensor) {
  if (!tensor.is_cuda()) return confirmed_host().all_reduce_sum(tensor);
  const ncclDataType_t type = nccl_type_of(tensor);
  run("all_reduce_sum", {tensor}, [&] {
    return ncclAllReduce(tensor.const_data_ptr(), tensor.mutable_data_ptr(),
                         static_cast<size_t>(tensor.numel()), type, ncclSum, comm_.get(),
                         stream_.get());
  });
}

std::future<void> NcclCommunicator::run_async(std::function<void()> work) {
  const c10::cuda::CUDAGuard guard(device_);
  order(current(), stream_.get(), before_.get());
  // `work` owns its tensors: the future keeps them until the current stream waits for their use.
  const auto kept = std::make_shared<std::function<void()>>(std::move(work));
  try {
    const c10::cuda::CUDAStreamGuard own(
        c10::cuda::getStreamFromExternal(stream_.get(), device_.index()));
    (*kept)();
  } catch (...) {
    const Join join(*this);
    throw;
  }
  return std::async(std::launch::deferred, [this, kept] {
    { const Join join(*this); }
    confirm();
  });
}

}  // namespace scgan::distributed
