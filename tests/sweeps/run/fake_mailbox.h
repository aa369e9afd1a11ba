// The mailboxes of a world whose ranks live in one process. A test whose threads still wait for
// orders or reports after kTestSeconds fails instead of hanging: polling throws.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "distributed/mailbox.h"
#include "sweeps/run/messages.h"

namespace scgan::sweeps {

class PostOffice {
 public:
  static constexpr auto kTestSeconds = std::chrono::seconds(60);

  void deliver(int to, distributed::MailTag tag, distributed::Mail mail) {
    const std::scoped_lock guard(mutex_);
    boxes_[{to, tag}].push_back(std::move(mail));
  }
  std::optional<distributed::Mail> take(int rank, distributed::MailTag tag) {
    const std::scoped_lock guard(mutex_);
    auto& box = boxes_[{rank, tag}];
    if (box.empty()) {
      fail_if_late(tag);
      return std::nullopt;
    }
    distributed::Mail mail = std::move(box.front());
    box.pop_front();
    return mail;
  }

 private:
  // Heartbeat threads end with their owner.
  void fail_if_late(distributed::MailTag tag) const {
    if (tag == distributed::MailTag::kHeartbeat || std::chrono::steady_clock::now() < end_) return;
    ADD_FAILURE() << "the test hangs";
    throw std::runtime_error("the test hangs");
  }

  const std::chrono::steady_clock::time_point end_ =
      std::chrono::steady_clock::now() + kTestSeconds;
  std::mutex mutex_;
  std::map<std::pair<int, distributed::MailTag>, std::deque<distributed::Mail>> boxes_;
};

class FakeMailbox final : public distributed::Mailbox {
 public:
  FakeMailbox(PostOffice& office, int rank) : office_(office), rank_(rank) {}

  void send(int to, distributed::MailTag tag, const std::string& text) const override {
    office_.deliver(to, tag, {rank_, text});
  }
  std::optional<distributed::Mail> poll(distributed::MailTag tag) const override {
    return office_.take(rank_, tag);
  }

  void report(const Report& report) const {
    send(0, distributed::MailTag::kReport, to_text(report));
  }
  // Waits for the next order to this rank.
  Order order() const { return order_from_text(expect(distributed::MailTag::kOrder).text); }
  // On rank 0: waits for the next report.
  Report report_received() const {
    return report_from_text(expect(distributed::MailTag::kReport).text);
  }

 private:
  distributed::Mail expect(distributed::MailTag tag) const {
    const auto mail = receive(tag, std::chrono::seconds(30));
    if (!mail) throw std::runtime_error("no message arrived");
    return *mail;
  }

  PostOffice& office_;
  int rank_;
};

}  // namespace scgan::sweeps
