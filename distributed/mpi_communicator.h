// The Communicator over MPI. Tensors on a GPU travel through host memory.
//
// Each operation is started non-blocking and polled with a deadline: a lost rank causes an error
// that names the operation, not a hang. A wait also ends when another rank aborts. May be used from
// one thread at a time.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/comm/communicator.h"
#include "distributed/mpi_comm.h"

namespace scgan::distributed {

class MpiCommunicator final : public Communicator {
 public:
  // `group`: used by nothing else. `timeout_seconds`: the longest a rank waits in one operation.
  explicit MpiCommunicator(MpiComm group, double timeout_seconds = 1800);

  ~MpiCommunicator() override;

  void all_gather(const at::Tensor& mine, at::Tensor& all) override;
  void all_to_all(const at::Tensor& shards, at::Tensor& mine) override;
  void broadcast(at::Tensor& tensor, int root) override;
  void all_reduce_sum(at::Tensor& tensor) override;
  void abort(const std::string& reason) override;

  // Throws PeerAborted if another rank of the group has aborted. Not collective; from any thread.
  void throw_if_aborted();
  // Whether an operation failed or a rank aborted: the ranks no longer destroy this together.
  bool broken() const { return broken_; }

 private:
  // Waits for the request, which reads and writes `buffers`.
  void wait(MPI_Request request, const char* operation, const std::vector<at::Tensor>& buffers);
  void poll_until_done(MPI_Request& request, const char* operation);
  std::optional<std::string> receive_abort_reason();

  MpiComm group_;
  double timeout_seconds_;
  bool broken_ = false;
  std::mutex receiving_;
  std::optional<std::string> abort_reason_;  // of the first rank that aborted
};

}  // namespace scgan::distributed
