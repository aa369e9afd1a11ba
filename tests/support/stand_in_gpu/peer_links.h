// The connections of one rank of the stand-in NCCL with the others: a socket to each, on one host.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace scgan::stand_in {

// What crosses a socket in front of the bytes of an operation, and has to be what the receiver
// expects: ranks that call different operations are found out.
struct Header {
  uint64_t number;  // of the operation, in the communicator
  uint64_t kind;    // of operation
  uint64_t bytes;
};

struct Transfer {
  int peer;
  char* data;  // only read when it is sent
  size_t bytes;
};

class PeerLinks {
 public:
  PeerLinks(std::string name, int rank, int size);
  ~PeerLinks();
  PeerLinks(const PeerLinks&) = delete;
  PeerLinks& operator=(const PeerLinks&) = delete;

  // Waits for all ranks, which tell each other where they compute. Returns "", or why it failed: a
  // GPU that two have in common. Ends early, with any text, when given_up() is set.
  std::string connect(const std::string& gpu);

  // One operation: sends and receives side by side. Returns "" or what was wrong: a rank that is
  // gone, or one that does something else.
  std::string exchange(uint64_t number, uint64_t kind, const std::vector<Transfer>& sends,
                       const std::vector<Transfer>& receives);

  std::atomic<bool>& given_up() { return given_up_; }

 private:
  std::string connect_all(int listener, const std::string& gpu);

  std::string name_;
  int rank_, size_;
  std::vector<int> sockets_;  // by rank; -1: none
  std::atomic<bool> given_up_{false};
};

}  // namespace scgan::stand_in
