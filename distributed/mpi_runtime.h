// MPI for the life of main(): started first, ended last. Without mpirun or srun it is a world of
// one.
#pragma once

#include <string>
#include <vector>

namespace scgan::distributed {

class MpiRuntime {
 public:
  // Starts MPI with support for several threads. Throws Error(kCommunication) when the library
  // lacks it. Collective, and like the end of MPI not longer than timeout_seconds(): the process
  // then ends with exit code 3.
  MpiRuntime();
  // Ends MPI. Collective.
  ~MpiRuntime();
  MpiRuntime(const MpiRuntime&) = delete;
  MpiRuntime& operator=(const MpiRuntime&) = delete;

  int rank() const { return rank_; }  // world rank
  int size() const { return size_; }  // world size
  // Among the ranks of this host, from 0: which device a rank takes.
  int local_rank() const { return local_rank_; }
  std::string host() const;

  // The library's name and version, one line.
  static std::string library();

  // Waiting in these sleeps, since rank 0 may be long in coming, and has no limit of its own: who
  // wants one watches the other ranks meanwhile.
  // `text` of rank 0 on every rank. Collective.
  std::string broadcast(std::string text) const;
  // `value` of rank 0 on every rank. Collective.
  int broadcast(int value) const;
  // The texts of all ranks, in their order, on every rank. Collective.
  std::vector<std::string> gather(const std::string& text) const;
  // Returns when all ranks are here. Collective.
  void barrier() const;
  // The largest of all ranks. Collective.
  int largest(int value) const;

  // Ends all ranks of the job at once with this exit code. Does not return.
  [[noreturn]] static void abort(int exit_code);

 private:
  int rank_ = 0, size_ = 1, local_rank_ = 0;
};

}  // namespace scgan::distributed
