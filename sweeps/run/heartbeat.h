// Heartbeat: finds ranks that have died or are stuck, whatever they compute.
//
// Every few seconds a thread of each rank sends a heartbeat to world rank 0, which answers it. A
// rank that hears nothing for too long reports a lost rank: rank 0 names it, with its last activity
// and the collectives in which the others wait; other ranks name rank 0. Time during which the
// observer itself did not run (a suspended job) does not count.
//
// The thread still sends heartbeats when the rank's work is stuck. Work with a deadline, a step on
// a GPU, is therefore watched by the rank's own thread.
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
  struct LostRank {
    int rank = 0;  // of the world
    std::string text;
  };
  using OnLost = std::function<void(const LostRank&)>;
  // Starts the thread, which calls `on_lost` at most once. The mailbox must outlive this.
  Heartbeat(const distributed::Mailbox& mailbox, int rank, std::string host, OnLost on_lost);
  // The others do not expect heartbeats of this rank any more.
  ~Heartbeat();
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  enum class Deadline {
    kNone,
    kTimeout,  // nearly timeout_seconds() (deadline.h), not counting waits for other ranks
  };
  // What this rank does from now on: "run 0123456789abcdef, step 7".
  void set_activity(std::string activity, Deadline deadline = Deadline::kNone);

 private:
  struct Peer {
    double silent_seconds = 0;
    std::string status;  // of its last heartbeat
  };

  void run();
  void send(const std::string& status) const;
  void receive();
  std::string status();
  std::string text_of_lost(int rank);
  std::optional<LostRank> find_lost_peer(double passed);
  std::optional<LostRank> check_own_deadline(double passed);

  const distributed::Mailbox& mailbox_;
  int rank_;
  std::string host_;
  OnLost on_lost_;
  double limit_seconds_;
  std::map<int, Peer> peers_;  // on rank 0: ranks that have sent a heartbeat; on others: rank 0
  std::mutex mutex_;
  std::string activity_;
  Deadline deadline_ = Deadline::kNone;  // of the activity
  double busy_seconds_ = 0;              // with the activity
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace scgan::sweeps
