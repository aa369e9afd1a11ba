#include "distributed/mpi_communicator.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty_like.h>
#include <fmt/format.h>
#include <sched.h>

#include <limits>
#include <list>
#include <utility>

#include "core/base/error.h"
#include "distributed/deadline.h"

namespace scgan::distributed {
namespace {

constexpr int kAbortTag = 1;

int rank_of(const MpiComm& comm) {
  int rank = 0;
  check_mpi(MPI_Comm_rank(comm.get(), &rank), "MPI_Comm_rank");
  return rank;
}

int size_of(const MpiComm& comm) {
  int size = 0;
  check_mpi(MPI_Comm_size(comm.get(), &size), "MPI_Comm_size");
  return size;
}

int byte_count(size_t bytes) {
  if (bytes > static_cast<size_t>(std::numeric_limits<int>::max())) {
    throw Error(ErrorKind::kCommunication,
                fmt::format("a message of {} bytes exceeds MPI's limit of 2 GiB", bytes));
  }
  return static_cast<int>(bytes);
}

at::Tensor on_host(const at::Tensor& tensor) { return tensor.to(at::kCPU).contiguous(); }

MPI_Datatype mpi_type_of(const at::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case at::kFloat:
      return MPI_FLOAT;
    case at::kDouble:
      return MPI_DOUBLE;
    default:
      throw Error(ErrorKind::kCommunication, "all_reduce_sum needs float32 or float64");
  }
}

}  // namespace

MpiCommunicator::MpiCommunicator(MpiComm group, double timeout_seconds)
    : Communicator(rank_of(group), size_of(group)),
      group_(std::move(group)),
      timeout_seconds_(timeout_seconds) {}

MpiCommunicator::~MpiCommunicator() {
  // Freeing is collective, but a rank is lost, stuck or has left the group.
  if (broken_) static_cast<void>(group_.release());
}

void MpiCommunicator::abort(const std::string& reason) {
  broken_ = true;
  // Does not wait for the receivers: one that never reads it has aborted too. MPI may read the
  // bytes at any later time, so they are never freed.
  static auto& reasons = *new std::list<std::string>;
  const std::string& kept = reasons.emplace_back(reason);
  for (int other = 0; other < size(); ++other) {
    if (other == rank()) continue;
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(MPI_Isend(kept.data(), static_cast<int>(kept.size()), MPI_CHAR, other, kAbortTag,
                        group_.get(), &request),
              "MPI_Isend");
    check_mpi(MPI_Request_free(&request), "MPI_Request_free");
  }
}

void MpiCommunicator::throw_if_aborted() {
  const std::scoped_lock lock(receiving_);
  if (!abort_reason_) abort_reason_ = receive_abort_reason();
  if (!abort_reason_) return;
  broken_ = true;
  throw PeerAborted(*abort_reason_);
}

std::optional<std::string> MpiCommunicator::receive_abort_reason() {
  int arrived = 0;
  MPI_Message message = MPI_MESSAGE_NULL;
  MPI_Status status;
  check_mpi(MPI_Improbe(MPI_ANY_SOURCE, kAbortTag, group_.get(), &arrived, &message, &status),
            "MPI_Improbe");
  if (arrived == 0) return std::nullopt;
  int length = 0;
  check_mpi(MPI_Get_count(&status, MPI_CHAR, &length), "MPI_Get_count");
  std::string reason(static_cast<size_t>(length), '\0');
  check_mpi(MPI_Mrecv(reason.data(), length, MPI_CHAR, &message, MPI_STATUS_IGNORE), "MPI_Mrecv");
  return reason;
}

void MpiCommunicator::poll_until_done(MPI_Request& request, const char* operation) {
  Deadline deadline(operation, "MPI", rank(), size(),
                    {timeout_seconds_, [this] { throw_if_aborted(); }});
  for (;;) {
    int done = 0;
    check_mpi(MPI_Test(&request, &done, MPI_STATUS_IGNORE), operation);
    if (done != 0) return;
    deadline.check();
    sched_yield();  // MPI makes progress only when polled, and ranks may share cores
  }
}

void MpiCommunicator::wait(MPI_Request request, const char* operation,
                           const std::vector<at::Tensor>& buffers) {
  try {
    poll_until_done(request, operation);
  } catch (...) {
    broken_ = true;
    // MPI may still write into the buffers, and a collective cannot be cancelled: never free them.
    static_cast<void>(new std::vector<at::Tensor>(buffers));
    throw;
  }
}

void MpiCommunicator::all_gather(const at::Tensor& mine, at::Tensor& all) {
  const at::Tensor send = on_host(mine);
  at::Tensor receive = all.is_cpu() ? all : at::empty_like(all, at::kCPU);
  const int bytes = byte_count(send.nbytes());
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(MPI_Iallgather(send.const_data_ptr(), bytes, MPI_BYTE, receive.mutable_data_ptr(),
                           bytes, MPI_BYTE, group_.get(), &request),
            "all_gather");
  wait(request, "all_gather", {send, receive});
  if (!all.is_cpu()) all.copy_(receive);
}

void MpiCommunicator::all_to_all(const at::Tensor& shards, at::Tensor& mine) {
  const at::Tensor send = on_host(shards);
  at::Tensor receive = mine.is_cpu() ? mine : at::empty_like(mine, at::kCPU);
  const int bytes = byte_count(send.nbytes() / static_cast<size_t>(size()));
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(MPI_Ialltoall(send.const_data_ptr(), bytes, MPI_BYTE, receive.mutable_data_ptr(), bytes,
                          MPI_BYTE, group_.get(), &request),
            "all_to_all");
  wait(request, "all_to_all", {send, receive});
  if (!mine.is_cpu()) mine.copy_(receive);
}

void MpiCommunicator::broadcast(at::Tensor& tensor, int root) {
  const at::Tensor buffer = on_host(tensor);
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(MPI_Ibcast(buffer.mutable_data_ptr(), byte_count(buffer.nbytes()), MPI_BYTE, root,
                       group_.get(), &request),
            "broadcast");
  wait(request, "broadcast", {buffer});
  if (buffer.const_data_ptr() != tensor.const_data_ptr()) tensor.copy_(buffer);
}

void MpiCommunicator::all_reduce_sum(at::Tensor& tensor) {
  const at::Tensor buffer = on_host(tensor);
  if (buffer.numel() > std::numeric_limits<int>::max()) byte_count(buffer.nbytes());
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(
      MPI_Iallreduce(MPI_IN_PLACE, buffer.mutable_data_ptr(), static_cast<int>(buffer.numel()),
                     mpi_type_of(buffer), MPI_SUM, group_.get(), &request),
      "all_reduce_sum");
  wait(request, "all_reduce_sum", {buffer});
  if (buffer.const_data_ptr() != tensor.const_data_ptr()) tensor.copy_(buffer);
}

}  // namespace scgan::distributed
