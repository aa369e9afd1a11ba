// Heartbeat: tells ranks that do nothing for long from ranks that do nothing any more.
//
// A thread that still gives signs does not see whether its rank gets on: work that has a deadline,
// a step on a GPU, is watched by the rank's own thread.
//
// Every rank's thread sends a sign to world rank 0 every few seconds, whatever the rank computes
// meanwhile, and rank 0 answers it. Who hears nothing for too long says so: rank 0 names the silent
// rank, what it was doing and who waits for it in which collective; other ranks name rank 0. Time
// in which the observer itself did not run (a suspended job) does not count.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "distributed/mailbox.h"

namespace scgan::sweeps {

class Heartbeat {
 public:
  struct Silence {
    int rank = 0;  // of the world
    std::string text;
  };
  using OnSilence = std::function<void(const Silence&)>;
  // Starts the thread, which calls `on_silence` once, at most. The mailbox must outlive this.
  Heartbeat(const distributed::Mailbox& mailbox, int rank, std::string host, OnSilence on_silence);
  // The rank is not missed any more.
  ~Heartbeat();
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  enum class Deadline {
    kNone,
    kTimeout,  // nearly timeout_seconds() (deadline.h), not counting waits for other ranks
  };
  // What this rank does from now on: "run 0123456789abcdef, step 7".
  void note(std::string doing, Deadline deadline = Deadline::kNone);

 private:
  struct Peer {
    double silent_seconds = 0;
    std::string sign;  // the last one
  };

  void live();
  void send_sign(const std::string& sign) const;
  void listen();
  std::string sign();
  std::string silence_of(int silent);
  std::optional<Silence> own_silence(double passed);

  const distributed::Mailbox& mailbox_;
  int rank_;
  std::string host_;
  OnSilence on_silence_;
  double limit_seconds_;
  std::map<int, Peer> peers_;  // rank 0: who has given a sign; others: rank 0
  std::mutex mutex_;
  std::string doing_;
  Deadline deadline_ = Deadline::kNone;  // of that
  double busy_seconds_ = 0;              // with that
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace scgan::sweeps
