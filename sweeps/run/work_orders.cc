#include "sweeps/run/work_orders.h"

#include <utility>

#include "core/base/error.h"
#include "sweeps/run/messages.h"
#include "sweeps/run/stop_signal.h"

namespace scgan::sweeps {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

WorkOrders::WorkOrders(const distributed::Mailbox& mailbox, double after_minutes)
    : mailbox_(mailbox), deadline_(Clock::time_point::max()) {
  if (after_minutes > 0) {
    deadline_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                   std::chrono::duration<double>(after_minutes * 60));
  }
}

void WorkOrders::begin_run(bool leads) {
  leads_ = leads;
  widening_.clear();
  stepped_ = false;
}

void WorkOrders::read_mail() {
  if (!leads_) return;
  while (const auto mail = mailbox_.poll(distributed::MailTag::kOrder)) {
    const Order order = order_from_text(mail->text);
    if (std::holds_alternative<Stop>(order)) {
      stop_ = true;
    } else if (const auto* widen = std::get_if<Widen>(&order)) {
      widening_ = widen->ranks;
    } else {
      throw Error(ErrorKind::kCommunication, "an order that does not fit a run under way");
    }
  }
}

bool WorkOrders::stop_asked() {
  read_mail();
  const bool late = Clock::now() >= deadline_ && stepped_;
  stepped_ = true;
  return stop_ || stop_signalled() || late;
}

bool WorkOrders::widening_asked() {
  read_mail();
  return !widening_.empty();
}

std::vector<int> WorkOrders::take_widening() { return std::exchange(widening_, {}); }

}  // namespace scgan::sweeps
