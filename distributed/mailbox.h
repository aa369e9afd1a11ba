// Short text messages between ranks, independent of the training traffic: orders and reports.
//
// Texts from one rank to another with the same tag arrive in the order of sending. Waiting sleeps
// instead of spinning, since it shares a core with training. May be used from several threads, as
// long as no two of them receive the same tag.
#pragma once

#include <chrono>
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
  virtual ~Mailbox() = default;

  // Returns when `text` may be changed, not when it has arrived.
  virtual void send(int to, MailTag tag, const std::string& text) const = 0;
  // Returns the next message with this tag, if one has arrived.
  virtual std::optional<Mail> poll(MailTag tag) const = 0;
  // Waits for the next message with this tag, at most `limit`.
  std::optional<Mail> receive(MailTag tag, std::chrono::milliseconds limit) const;
};

class MpiMailbox final : public Mailbox {
 public:
  // Collective over the world.
  MpiMailbox();

  void send(int to, MailTag tag, const std::string& text) const override;
  std::optional<Mail> poll(MailTag tag) const override;

 private:
  MpiComm comm_;
};

}  // namespace scgan::distributed
