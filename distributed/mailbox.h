// Short text messages between ranks, independent of the training traffic: orders and reports.
//
// Texts from one rank to another with the same tag arrive in the order of sending. Waiting sleeps
// instead of spinning, since it shares a core with training. May be used from several threads, as
// long as no two of them receive the same tag.
#pragma once

#include <optional>
#include <string>

#include "distributed/mpi_comm.h"

namespace scgan::distributed {

enum class MailTag { kReport = 1, kOrder = 2, kHeartbeat = 3 };

struct Mail {
  int from = 0;  // world rank
  std::string text;
};

class Mailbox {
 public:
  // Collective over the world.
  Mailbox();

  // Returns when `text` may be changed, not when it has arrived.
  void send(int to, MailTag tag, const std::string& text) const;
  // Returns the next message with this tag, if one has arrived.
  std::optional<Mail> poll(MailTag tag) const;
  // Waits for the next message with this tag.
  Mail receive(MailTag tag) const;

 private:
  MpiComm comm_;
};

}  // namespace scgan::distributed
