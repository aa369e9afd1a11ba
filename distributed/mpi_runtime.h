// MPI for the lifetime of main(): started first, ended last. Without mpirun or srun the world has
// one rank.
#pragma once

#include <string>
#include <vector>

namespace scgan::distributed {

class MpiRuntime {
 public:
  // Starts MPI with support for several threads; throws Error(kCommunication) if the library lacks
  // it. Collective. If the start or the end of MPI takes longer than timeout_seconds(), the process
  // ends with exit code 3.
  MpiRuntime();
  // Ends MPI. Collective.
  ~MpiRuntime();
  MpiRuntime(const MpiRuntime&) = delete;
  MpiRuntime& operator=(const MpiRuntime&) = delete;

  int rank() const { return rank_; }  // world rank
  int size() const { return size_; }  // world size
  // Index among the ranks of this host, from 0; selects the rank's device.
  int local_rank() const { return local_rank_; }
  std::string host() const;

  // Name and version of the MPI library, one line.
  static std::string library();

  // The operations below sleep while they wait, since rank 0 may come late, and have no deadline:
  // Heartbeat (sweeps/run) watches the other ranks meanwhile.

  // Returns rank 0's `text` on every rank. Collective.
  std::string broadcast(std::string text) const;
  // Returns rank 0's `value` on every rank. Collective.
  int broadcast(int value) const;
  // Returns the texts of all ranks, in rank order, on every rank. Collective.
  std::vector<std::string> gather(const std::string& text) const;
  // Returns when all ranks have called it. Collective.
  void barrier() const;
  // Returns the largest value of all ranks. Collective.
  int largest(int value) const;

  // Ends all ranks of the job immediately with this exit code.
  [[noreturn]] static void abort(int exit_code);

 private:
  int rank_ = 0, size_ = 1, local_rank_ = 0;
};

}  // namespace scgan::distributed
