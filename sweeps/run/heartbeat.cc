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
constexpr double kOfTimeout = 0.5;  // at most: it is known who is silent before a collective ends
constexpr double kBusyOfTimeout = 0.9;  // those who wait for the rank end a little later
constexpr double kSignsPerLimit = 24;
constexpr double kPollSeconds = 0.05;
constexpr double kLongestPause = 1;
constexpr const char* kFarewell = "";

}  // namespace

Heartbeat::Heartbeat(const distributed::Mailbox& mailbox, int rank, std::string host,
                     OnSilence on_silence)
    : mailbox_(mailbox),
      rank_(rank),
      host_(std::move(host)),
      on_silence_(std::move(on_silence)),
      limit_seconds_(std::min(kLimitSeconds, kOfTimeout * distributed::timeout_seconds())),
      doing_("it had not begun a run") {
  if (rank != 0) peers_[0];
  thread_ = std::thread([this] { live(); });
}

Heartbeat::~Heartbeat() {
  {
    const std::scoped_lock guard(mutex_);
    ending_ = true;
  }
  thread_.join();
  if (rank_ != 0) send_sign(kFarewell);
}

void Heartbeat::note(std::string doing, Deadline deadline) {
  const std::scoped_lock guard(mutex_);
  doing_ = std::move(doing);
  deadline_ = deadline;
  busy_seconds_ = 0;
}

std::optional<Heartbeat::Silence> Heartbeat::own_silence(double passed) {
  const std::scoped_lock guard(mutex_);
  if (deadline_ == Deadline::kNone || distributed::PendingWait::operation() != nullptr)
    return std::nullopt;
  busy_seconds_ += passed;
  if (busy_seconds_ < kBusyOfTimeout * distributed::timeout_seconds()) return std::nullopt;
  return Silence{
      rank_, fmt::format("rank {} on host {} has got no further for {:.0f} s: its GPU is stuck. "
                         "Last sign: {}",
                         rank_, host_, busy_seconds_, doing_)};
}

std::string Heartbeat::sign() {
  const std::scoped_lock guard(mutex_);
  const char* operation = distributed::PendingWait::operation();
  return fmt::format("on host {}: {}{}", host_, doing_,
                     operation == nullptr ? "" : fmt::format(", in {}", operation));
}

void Heartbeat::send_sign(const std::string& sign) const {
  mailbox_.send(0, MailTag::kHeartbeat, sign);
}

// Rank 0 answers; an answer is any text.
void Heartbeat::listen() {
  while (const auto mail = mailbox_.poll(MailTag::kHeartbeat)) {
    if (rank_ == 0 && mail->text == kFarewell) {
      peers_.erase(mail->from);
      continue;
    }
    peers_[mail->from] = {0, mail->text};
    if (rank_ == 0) mailbox_.send(mail->from, MailTag::kHeartbeat, "heard");
  }
}

std::string Heartbeat::silence_of(int silent) {
  std::string text = fmt::format(
      "rank {} has given no sign of life for {:.0f} s: it is stopped, or its host is cut off",
      silent, peers_[silent].silent_seconds);
  if (rank_ != 0) return text;
  text += fmt::format(". Last signs: rank {} {}; rank 0 {}", silent, peers_[silent].sign, sign());
  for (const auto& [rank, peer] : peers_) {
    if (rank != silent) text += fmt::format("; rank {} {}", rank, peer.sign);
  }
  return text;
}

void Heartbeat::live() {
  const double interval = limit_seconds_ / kSignsPerLimit;
  double since_sign = interval;
  for (auto last = Clock::now();;) {
    {
      const std::scoped_lock guard(mutex_);
      if (ending_) return;
    }
    listen();
    const double passed =
        std::min(std::chrono::duration<double>(Clock::now() - last).count(), kLongestPause);
    last = Clock::now();
    for (auto& [rank, peer] : peers_) {
      peer.silent_seconds += passed;
      if (peer.silent_seconds < limit_seconds_) continue;
      on_silence_({rank, silence_of(rank)});
      return;
    }
    if (const auto stuck = own_silence(passed)) {
      on_silence_(*stuck);
      return;
    }
    since_sign += passed;
    if (rank_ != 0 && since_sign >= interval) {
      send_sign(sign());
      since_sign = 0;
    }
    std::this_thread::sleep_for(std::chrono::duration<double>(kPollSeconds));
  }
}

}  // namespace scgan::sweeps
