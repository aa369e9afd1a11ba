// The Communicator over MPI. Tensors on a GPU travel through host memory.
//
// Each operation is started non-blocking and polled with a deadline, so that a lost rank becomes an
// error that names the operation, not a hang. Meanwhile a rank that gave up is heard. It may be
// used from one thread at a time.
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
  // Takes a communicator of its own for the group. `timeout_seconds`: the longest a rank waits in
  // one operation.
  explicit MpiCommunicator(MpiComm group, double timeout_seconds = 1800);

  ~MpiCommunicator() override;

  void all_gather(const at::Tensor& mine, at::Tensor& all) override;
  void all_to_all(const at::Tensor& shards, at::Tensor& mine) override;
  void broadcast(at::Tensor& tensor, int root) override;
  void all_reduce_sum(at::Tensor& tensor) override;
  void abort(const std::string& reason) override;

  // Throws PeerAborted if a rank of the group gave up. Not collective; from any thread.
  void listen();
  // Whether an operation timed out or a rank gave up: the others do not take part in the end.
  bool broken() const { return broken_; }

 private:
  // Polls until the request is done. `buffers` are what it reads and writes.
  void wait(MPI_Request request, const char* operation, const std::vector<at::Tensor>& buffers);
  std::optional<std::string> received_reason();
  void poll(MPI_Request& request, const char* operation);

  MpiComm group_;
  double timeout_seconds_;
  bool broken_ = false;
  std::mutex receiving_;
  std::optional<std::string> received_;  // the word of a rank that gave up
};

}  // namespace scgan::distributed
