#include "distributed/nccl_communicator.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros.h>
#include <c10/cuda/CUDAGuard.h>
#include <fmt/format.h>

#include <chrono>
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

// Sets a flag for the lifetime of this object.
class ScopedFlag {
 public:
  explicit ScopedFlag(bool& flag) : flag_(flag) { flag_ = true; }
  ~ScopedFlag() { flag_ = false; }
  ScopedFlag(const ScopedFlag&) = delete;
  ScopedFlag& operator=(const ScopedFlag&) = delete;

 private:
  bool& flag_;
};

}  // namespace

// An operation in progress. Unless it completes, the communicator is broken, and the buffers are
// kept until it is certain that the GPU no longer uses them.
class NcclCommunicator::PendingOperation {
 public:
  PendingOperation(NcclCommunicator& communicator, std::shared_ptr<const void> buffers)
      : communicator_(communicator), buffers_{std::move(buffers)} {}
  ~PendingOperation() {
    if (completed_) return;
    communicator_.broken_ = true;
    communicator_.retained_->splice(communicator_.retained_->end(), buffers_);
  }
  PendingOperation(const PendingOperation&) = delete;
  PendingOperation& operator=(const PendingOperation&) = delete;

  void complete() { completed_ = true; }

 private:
  NcclCommunicator& communicator_;
  Buffers buffers_;
  bool completed_ = false;
};

NcclCommunicator::NcclCommunicator(std::unique_ptr<MpiCommunicator> host, c10::Device device,
                                   double timeout_seconds)
    : Communicator(host->rank(), host->size()),
      host_(std::move(host)),
      device_(device),
      stream_(stream_of(device)),
      before_(event_of(device)),
      done_(event_of(device)),
      comm_(comm_of(*host_, device, timeout_seconds)),
      timeout_seconds_(timeout_seconds),
      exceptions_(std::uncaught_exceptions()) {
  connect();
}

// NCCL connects the ranks, and allocates memory for that, at the first exchange of each kind. These
// exchanges make it do so now, not in a step that has filled the GPU's memory.
void NcclCommunicator::connect() {
  const at::Tensor bytes = at::zeros({size()}, at::TensorOptions(device_).dtype(at::kByte));
  at::Tensor all = at::empty_like(bytes);
  try {
    all_to_all(bytes, all);
    all_gather(bytes.narrow(0, 0, 1), all);
  } catch (...) {
    if (!comm_.abort()) static_cast<void>(retained_.release());  // never freed
    throw;
  }
}

NcclCommunicator::~NcclCommunicator() {
  stop_watchdog();
  const bool unwinding = std::uncaught_exceptions() > exceptions_;
  if (broken_ || watchdog_error_ || host_->broken() || unwinding) {
    if (!comm_.abort() || !abort_ended_) static_cast<void>(retained_.release());  // never freed
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
  PendingOperation operation_in_progress(*this, std::make_shared<std::vector<at::Tensor>>(buffers));
  order(current(), stream_.get(), before_.get());
  {
    const std::scoped_lock lock(calls_);
    if (watchdog_error_) std::rethrow_exception(watchdog_error_);
    comm_.wait_until_enqueued(enqueue(), operation);
  }
  if (!in_async_) {
    check_cuda(cudaEventRecord(done_.get(), stream_.get()), "cudaEventRecord");
    comm_.wait(done_.get(), operation);
  }
  operation_in_progress.complete();
}

void NcclCommunicator::abort(const std::string& reason) {
  broken_ = true;
  host_->abort(reason);
}

void NcclCommunicator::all_gather(const at::Tensor& mine, at::Tensor& all) {
  if (!all.is_cuda()) return host_->all_gather(mine, all);
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
  if (!mine.is_cuda()) return host_->all_to_all(shards, mine);
  run("all_to_all", {shards, mine}, [&] { return exchange(shards, mine); });
}

void NcclCommunicator::broadcast(at::Tensor& tensor, int root) {
  if (!tensor.is_cuda()) return host_->broadcast(tensor, root);
  const at::Tensor buffer = tensor.contiguous();
  run("broadcast", {buffer}, [&] {
    return ncclBroadcast(buffer.const_data_ptr(), buffer.mutable_data_ptr(), buffer.nbytes(),
                         ncclUint8, root, comm_.get(), stream_.get());
  });
  if (!buffer.is_same(tensor)) tensor.copy_(buffer);
}

void NcclCommunicator::all_reduce_sum(at::Tensor& tensor) {
  if (!tensor.is_cuda()) return host_->all_reduce_sum(tensor);
  const ncclDataType_t type = nccl_type_of(tensor);
  run("all_reduce_sum", {tensor}, [&] {
    return ncclAllReduce(tensor.const_data_ptr(), tensor.mutable_data_ptr(),
                         static_cast<size_t>(tensor.numel()), type, ncclSum, comm_.get(),
                         stream_.get());
  });
}

void NcclCommunicator::start_watchdog() {
  if (watchdog_.joinable()) return;
  stop_requested_ = {};
  watchdog_ = std::thread([this] { watch_until_stopped(); });
}

void NcclCommunicator::watch_until_stopped() {
  using Seconds = std::chrono::duration<double>;
  constexpr auto kInterval = std::chrono::milliseconds(20);
  const std::future<void> stop = stop_requested_.get_future();
  // Counts intervals, not time: time in which the process did not run does not count.
  const auto limit = static_cast<int64_t>(timeout_seconds_ / Seconds(kInterval).count());
  try {
    for (int64_t passed = 0; stop.wait_for(kInterval) != std::future_status::ready; ++passed) {
      host_->throw_if_aborted();
      if (passed < limit || cudaEventQuery(done_.get()) == cudaSuccess) continue;
      throw Error(ErrorKind::kCommunication,
                  fmt::format("the sum of gradients has not ended on rank {} of {} after {:.0f} s: "
                              "another rank of the run is lost or stuck",
                              rank(), size(), timeout_seconds_));
    }
  } catch (...) {
    const std::scoped_lock lock(calls_);
    watchdog_error_ = std::current_exception();
    abort_ended_ = comm_.abort();
  }
}

void NcclCommunicator::stop_watchdog() {
  if (!watchdog_.joinable()) return;
  stop_requested_.set_value();
  watchdog_.join();
}

std::future<void> NcclCommunicator::run_async(std::function<void()> work) {
  const c10::cuda::CUDAGuard guard(device_);
  // `work` owns its tensors: the future keeps it until the GPU no longer uses them.
  const auto kept = std::make_shared<std::function<void()>>(std::move(work));
  PendingOperation enqueueing(*this, kept);
  order(current(), stream_.get(), before_.get());
  {
    const c10::cuda::CUDAStreamGuard own(
        c10::cuda::getStreamFromExternal(stream_.get(), device_.index()));
    const ScopedFlag scope(in_async_);
    (*kept)();
  }
  check_cuda(cudaEventRecord(done_.get(), stream_.get()), "cudaEventRecord");
  start_watchdog();
  enqueueing.complete();
  return std::async(std::launch::deferred, [this, kept] {
    PendingOperation waiting(*this, kept);
    stop_watchdog();
    if (watchdog_error_) std::rethrow_exception(watchdog_error_);
    comm_.wait(done_.get(), "the sum of gradients");
    waiting.complete();
  });
}

}  // namespace scgan::distributed
