// The connections of one rank of the stand-in NCCL: a socket to every other rank, on one host.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace scgan::stand_in {

// Sent before the bytes of an operation. The receiver compares it with its own operation, which
// detects ranks that call different operations.
struct Header {
  uint64_t number;  // of the operation, in the communicator
  uint64_t kind;    // of operation
  uint64_t bytes;
};

struct Transfer {
  int peer;
  char* data;  // only read if sent
  size_t bytes;
};

class PeerLinks {
 public:
  PeerLinks(std::string name, int rank, int size);
  ~PeerLinks();
  PeerLinks(const PeerLinks&) = delete;
  PeerLinks& operator=(const PeerLinks&) = delete;

  // Connects to all ranks and exchanges the names of their GPUs. Returns "", or why it failed: two
  // ranks share a GPU. Returns early, with any text, when aborted() is set.
  std::string connect(const std::string& gpu);

  // One operation: sends and receives at the same time. Returns "", or why it failed: a rank has
  // exited or calls another operation.
  std::string exchange(uint64_t number, uint64_t kind, const std::vector<Transfer>& sends,
                       const std::vector<Transfer>& receives);

  std::atomic<bool>& aborted() { return aborted_; }

 private:
  std::string connect_all(int listener, const std::string& gpu);

  std::string name_;
  int rank_, size_;
  std::vector<int> sockets_;  // by rank; -1: none
  std::atomic<bool> aborted_{false};
};

}  // namespace scgan::stand_in
