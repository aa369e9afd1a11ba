#include "sweeps/run/heartbeat.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "distributed/deadline.h"

namespace scgan::sweeps {
namespace {

using distributed::MailTag;
using Clock = std::chrono::steady_clock;

constexpr double kLimitSeconds = 120;
// Shares of timeout_seconds(). Silence is found before a collective times out; a stuck rank ends
// the job before the ranks that wait for it do.
constexpr double kLimitOfTimeout = 0.5;
constexpr double kBusyOfTimeout = 0.9;
constexpr double kHeartbeatsPerLimit = 24;
constexpr double kPollSeconds = 0.05;
constexpr double kLongestPause = 1;  // a longer one counts as this: the process was suspended
constexpr const char* kFarewell = "";

}  // namespace

Heartbeat::Heartbeat(const distributed::Mailbox& mailbox, int rank, std::string host,
                     OnLost on_lost)
    : mailbox_(mailbox),
      rank_(rank),
      host_(std::move(host)),
      on_lost_(std::move(on_lost)),
      limit_seconds_(std::min(kLimitSeconds, kLimitOfTimeout * distributed::timeout_seconds())),
      activity_("starting") {
  if (rank != 0) peers_[0];
  thread_ = std::thread([this] { run(); });
}

Heartbeat::~Heartbeat() {
  {
    const std::scoped_lock guard(mutex_);
    ending_ = true;
  }
  thread_.join();
  if (rank_ != 0) send(kFarewell);
}

void Heartbeat::set_activity(std::string activity, Deadline deadline) {
  const std::scoped_lock guard(mutex_);
  activity_ = std::move(activity);
  deadline_ = deadline;
  busy_seconds_ = 0;
}

std::optional<Heartbeat::LostRank> Heartbeat::check_own_deadline(double passed) {
  const std::scoped_lock guard(mutex_);
  if (deadline_ == Deadline::kNone || distributed::PendingWait::operation() != nullptr)
    return std::nullopt;
  busy_seconds_ += passed;
  if (busy_seconds_ < kBusyOfTimeout * distributed::timeout_seconds()) return std::nullopt;
  return LostRank{
      rank_, fmt::format("rank {} on host {} has made no progress for {:.0f} s: its GPU is stuck. "
                         "Last activity: {}",
                         rank_, host_, busy_seconds_, activity_)};
}

std::string Heartbeat::status() {
  const std::scoped_lock guard(mutex_);
  const char* operation = distributed::PendingWait::operation();
  return fmt::format("on host {}: {}{}", host_, activity_,
                     operation == nullptr ? "" : fmt::format(", in {}", operation));
}

void Heartbeat::send(const std::string& status) const {
  mailbox_.send(0, MailTag::kHeartbeat, status);
}

// Rank 0 answers each heartbeat; the text of an answer does not matter.
void Heartbeat::receive() {
  while (const auto mail = mailbox_.poll(MailTag::kHeartbeat)) {
    if (rank_ == 0 && mail->text == kFarewell) {
      peers_.erase(mail->from);
      continue;
    }
    peers_[mail->from] = {0, mail->text};
    if (rank_ == 0) mailbox_.send(mail->from, MailTag::kHeartbeat, "heard");
  }
}

std::string Heartbeat::text_of_lost(int lost) {
  std::string text = fmt::format(
      "rank {} has sent no heartbeat for {:.0f} s: it is stopped, or its host is cut off", lost,
      peers_[lost].silent_seconds);
  if (rank_ != 0) return text;
  text +=
      fmt::format(". Last heartbeats: rank {} {}; rank 0 {}", lost, peers_[lost].status, status());
  for (const auto& [rank, peer] : peers_) {
    if (rank != lost) text += fmt::format("; rank {} {}", rank, peer.status);
  }
  return text;
}

std::optional<Heartbeat::LostRank> Heartbeat::find_lost_peer(double passed) {
  for (auto& [rank, peer] : peers_) {
    peer.silent_seconds += passed;
    if (peer.silent_seconds >= limit_seconds_) return LostRank{rank, text_of_lost(rank)};
  }
  return std::nullopt;
}

void Heartbeat::run() {
  const double interval = limit_seconds_ / kHeartbeatsPerLimit;
  double since_sent = interval;
  for (auto last = Clock::now();;) {
    {
      const std::scoped_lock guard(mutex_);
      if (ending_) return;
    }
    receive();
    const double passed =
        std::min(std::chrono::duration<double>(Clock::now() - last).count(), kLongestPause);
    last = Clock::now();
    auto lost = find_lost_peer(passed);
    if (!lost) lost = check_own_deadline(passed);
    if (lost) {
      on_lost_(*lost);
      return;
    }
    since_sent += passed;
    if (rank_ != 0 && since_sent >= interval) {
      send(status());
      since_sent = 0;
    }
    std::this_thread::sleep_for(std::chrono::duration<double>(kPollSeconds));
  }
}

}  // namespace scgan::sweeps
