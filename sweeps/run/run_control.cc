#include "sweeps/run/run_control.h"

#include <utility>

#include "core/base/error.h"
#include "sweeps/run/messages.h"
#include "sweeps/run/stop_signal.h"

namespace scgan::sweeps {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

RunControl::RunControl(const distributed::Mailbox& mailbox, double after_minutes)
    : mailbox_(mailbox), deadline_(Clock::time_point::max()) {
  if (after_minutes > 0) {
    deadline_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                   std::chrono::duration<double>(after_minutes * 60));
  }
}

void RunControl::begin_run(bool leads) {
  leads_ = leads;
  joined_ranks_.clear();
  stepped_ = false;
}

void RunControl::read_mail() {
  if (!leads_) return;
  while (const auto mail = mailbox_.poll(distributed::MailTag::kOrder)) {
    const Order order = order_from_text(mail->text);
    if (std::holds_alternative<order::StopRun>(order)) {
      stop_ = true;
    } else if (const auto* join = std::get_if<order::AcceptJoin>(&order)) {
      joined_ranks_ = join->ranks;
    } else {
      throw Error(ErrorKind::kCommunication, "an order that does not fit a run under way");
    }
  }
}

bool RunControl::stop_asked() {
  read_mail();
  const bool late = Clock::now() >= deadline_ && stepped_;
  stepped_ = true;
  return stop_ || stop_signalled() || late;
}

bool RunControl::join_requested() {
  read_mail();
  return !joined_ranks_.empty();
}

std::vector<int> RunControl::take_join() { return std::exchange(joined_ranks_, {}); }

}  // namespace scgan::sweeps
