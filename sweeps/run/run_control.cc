#include "sweeps/run/run_control.h"

#include <utility>

#include "core/base/error.h"

namespace scgan::sweeps {

RunControl::RunControl(const distributed::Mailbox& mailbox, std::function<bool()> stop_signalled)
    : mailbox_(mailbox), stop_signalled_(std::move(stop_signalled)) {}

void RunControl::begin_run(bool leading) {
  leading_ = leading;
  steps_ = 0;
  stop_.reset();
  new_ranks_.clear();
}

void RunControl::read_orders() {
  if (!leading_) return;
  while (const auto mail = mailbox_.poll(distributed::MailTag::kOrder)) {
    const Order order = order_from_text(mail->text);
    if (const auto* stop = std::get_if<order::StopRun>(&order)) {
      stop_ = *stop;
    } else if (const auto* regroup = std::get_if<order::Regroup>(&order)) {
      new_ranks_ = regroup->ranks;
    } else {
      throw Error(ErrorKind::kCommunication, "received an order that a running run cannot follow");
    }
  }
}

bool RunControl::stop_asked() {
  read_orders();
  const bool ordered = stop_ && steps_ >= stop_->min_steps;
  ++steps_;
  return ordered || stop_signalled_();
}

bool RunControl::regroup_requested() {
  read_orders();
  return !new_ranks_.empty();
}

std::vector<int> RunControl::take_ranks() { return std::exchange(new_ranks_, {}); }

}  // namespace scgan::sweeps
