// Small text messages between ranks, beside the training traffic: how ranks get orders
// and report.
//
// Texts from one rank to another with the same tag arrive in the order of sending. Waiting sleeps
// instead of spinning, since it shares a core with training. Safe to use from
// several threads, as long as no two threads receive the same tag.
#pragma once

#include <optional>
#include <string>

#include "distributed/mpi_comm.h"

namespace scgan::distributed {

enum class MailTag { kToCoordinator = 1, kOrder = 2, kLifeSign = 3 };

struct Mail {
  int from = 0;  // world rank
  std::string text;
};

class Mailbox {
 public:
  // Collective over the world.
  Mailbox();

  void send(int to, MailTag tag, const std::string& text) const;
  // A message of this tag that has arrived, if any.
  std::optional<Mail> poll(MailTag tag) const;
  // Waits for one.
  Mail receive(MailTag tag) const;

 private:
  MpiComm comm_;
};

}  // namespace scgan::distributed
