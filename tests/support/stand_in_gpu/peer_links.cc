#include "tests/support/stand_in_gpu/peer_links.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <thread>
#include <utility>

namespace scgan::stand_in {
namespace {

constexpr int kPollMilliseconds = 20;
constexpr const char* kAborted = "aborted";

struct Address {
  sockaddr_un name{};
  socklen_t length = 0;
};

// In Linux's abstract namespace, which leaves no file behind.
Address address_of(const std::string& name, int rank) {
  Address address;
  address.name.sun_family = AF_UNIX;
  const int written = std::snprintf(address.name.sun_path + 1, sizeof address.name.sun_path - 1,
                                    "%s-%d", name.c_str(), rank);
  address.length =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + static_cast<size_t>(written));
  return address;
}

// Bytes to send or receive over one socket.
struct Flow {
  int peer, socket;
  bool out;
  char* data;
  size_t left;
};

// Moves as many bytes as possible now. Returns false if the other side has closed the socket.
bool advance(Flow& flow) {
  while (flow.left > 0) {
    const ssize_t moved = flow.out ? send(flow.socket, flow.data, flow.left, MSG_NOSIGNAL)
                                   : recv(flow.socket, flow.data, flow.left, 0);
    if (moved > 0) {
      flow.data += moved;
      flow.left -= static_cast<size_t>(moved);
    } else if (moved < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
      return true;
    } else {
      return false;
    }
  }
  return true;
}

// Completes all flows. Returns "" or why it could not.
std::string move_all(std::vector<Flow> flows, const std::atomic<bool>& aborted) {
  for (;;) {
    for (Flow& flow : flows) {
      if (!advance(flow)) return "rank " + std::to_string(flow.peer) + " has exited";
    }
    std::erase_if(flows, [](const Flow& flow) { return flow.left == 0; });
    if (flows.empty()) return "";
    if (aborted) return kAborted;
    std::vector<pollfd> waiting;
    for (const Flow& flow : flows) {
      waiting.push_back({flow.socket, static_cast<short>(flow.out ? POLLOUT : POLLIN), 0});
    }
    poll(waiting.data(), waiting.size(), kPollMilliseconds);
  }
}

std::string text(const Header& header) {
  return "operation " + std::to_string(header.number) + " of kind " + std::to_string(header.kind) +
         " with " + std::to_string(header.bytes) + " bytes";
}

}  // namespace

PeerLinks::PeerLinks(std::string name, int rank, int size)
    : name_(std::move(name)), rank_(rank), size_(size), sockets_(static_cast<size_t>(size), -1) {}

PeerLinks::~PeerLinks() {
  for (const int socket : sockets_) {
    if (socket >= 0) close(socket);
  }
}

std::string PeerLinks::connect(const std::string& gpu) {
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const Address own = address_of(name_, rank_);
  std::string problem = "no socket can be opened";
  if (bind(listener, reinterpret_cast<const sockaddr*>(&own.name), own.length) == 0 &&
      listen(listener, size_) == 0) {
    problem = connect_all(listener, gpu);
  }
  close(listener);
  return problem;
}

std::string PeerLinks::connect_all(int listener, const std::string& gpu) {
  const auto pause_briefly = [] { std::this_thread::sleep_for(std::chrono::milliseconds(1)); };
  // Connects to lower ranks and accepts higher ones.
  for (int peer = 0; peer < rank_; ++peer) {
    const int link = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockets_[static_cast<size_t>(peer)] = link;
    const Address other = address_of(name_, peer);
    while (::connect(link, reinterpret_cast<const sockaddr*>(&other.name), other.length) != 0) {
      if (aborted_) return kAborted;
      pause_briefly();
    }
    if (write(link, &rank_, sizeof rank_) != sizeof rank_) return "a rank exited while connecting";
  }
  for (int missing = size_ - 1 - rank_; missing > 0; --missing) {
    int link = -1;
    while ((link = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC)) < 0) {
      if (aborted_) return kAborted;
      pause_briefly();
    }
    int peer = -1;
    if (read(link, &peer, sizeof peer) != sizeof peer) return "a rank exited while connecting";
    sockets_[static_cast<size_t>(peer)] = link;
  }
  std::vector<std::string> gpus(static_cast<size_t>(size_), std::string(32, '\0'));
  std::string& own = gpus[static_cast<size_t>(rank_)];
  own.replace(0, std::min(gpu.size(), own.size()), gpu, 0, own.size());
  std::vector<Transfer> sends, receives;
  for (int peer = 0; peer < size_; ++peer) {
    if (peer == rank_) continue;
    const int link = sockets_[static_cast<size_t>(peer)];
    fcntl(link, F_SETFL, fcntl(link, F_GETFL) | O_NONBLOCK);
    sends.push_back({peer, own.data(), own.size()});
    receives.push_back({peer, gpus[static_cast<size_t>(peer)].data(), own.size()});
  }
  std::string problem = exchange(0, 0, sends, receives);
  if (!problem.empty()) return problem;
  std::sort(gpus.begin(), gpus.end());
  const bool shared = std::adjacent_find(gpus.begin(), gpus.end()) != gpus.end();
  return shared ? "Duplicate GPU detected" : "";
}

std::string PeerLinks::exchange(uint64_t number, uint64_t kind, const std::vector<Transfer>& sends,
                                const std::vector<Transfer>& receives) {
  std::vector<Header> sent, received(receives.size());
  sent.reserve(sends.size());
  std::vector<Flow> headers, bodies;
  for (const Transfer& transfer : sends) {
    const int link = sockets_[static_cast<size_t>(transfer.peer)];
    sent.push_back({number, kind, transfer.bytes});
    headers.push_back(
        {transfer.peer, link, true, reinterpret_cast<char*>(&sent.back()), sizeof(Header)});
    bodies.push_back({transfer.peer, link, true, transfer.data, transfer.bytes});
  }
  for (size_t i = 0; i < receives.size(); ++i) {
    const int link = sockets_[static_cast<size_t>(receives[i].peer)];
    headers.push_back(
        {receives[i].peer, link, false, reinterpret_cast<char*>(&received[i]), sizeof(Header)});
    bodies.push_back({receives[i].peer, link, false, receives[i].data, receives[i].bytes});
  }
  std::string problem = move_all(std::move(headers), aborted_);
  if (!problem.empty()) return problem;
  for (size_t i = 0; i < receives.size(); ++i) {
    const Header expected{number, kind, receives[i].bytes};
    if (std::memcmp(&expected, &received[i], sizeof expected) != 0) {
      return "rank " + std::to_string(receives[i].peer) + " calls " + text(received[i]) +
             ", this one " + text(expected);
    }
  }
  return move_all(std::move(bodies), aborted_);
}

}  // namespace scgan::stand_in
