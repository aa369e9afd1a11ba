#include "distributed/deadline.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <utility>
#include <vector>

#include "core/base/error.h"

namespace scgan::distributed {
namespace {

constexpr double kDefaultTimeoutSeconds = 1800;

// Never destroyed: threads outlive main().
struct PendingOperations {
  std::mutex mutex;
  std::vector<const char*> names;
};

PendingOperations& pending_operations() {
  static auto& all = *new PendingOperations;
  return all;
}

}  // namespace

double timeout_seconds() {
  const char* text = std::getenv("SCGAN_TIMEOUT_SECONDS");
  const double seconds = text == nullptr ? 0 : std::atof(text);
  return seconds > 0 ? seconds : kDefaultTimeoutSeconds;
}

PendingWait::PendingWait(const char* operation) : operation_(operation) {
  const std::scoped_lock lock(pending_operations().mutex);
  pending_operations().names.push_back(operation_);
}

PendingWait::~PendingWait() {
  const std::scoped_lock lock(pending_operations().mutex);
  std::vector<const char*>& names = pending_operations().names;
  names.erase(std::ranges::find(names, operation_));
}

const char* PendingWait::operation() {
  const std::scoped_lock lock(pending_operations().mutex);
  const std::vector<const char*>& names = pending_operations().names;
  return names.empty() ? nullptr : names.back();
}

Deadline::Deadline(const char* operation, const char* library, int rank, int size, Limits limits)
    : operation_(operation),
      library_(library),
      rank_(rank),
      size_(size),
      limits_(std::move(limits)),
      pending_(operation) {}

void Deadline::check(std::source_location where) {
  // A longer pause between two polls means that the process was suspended.
  constexpr Seconds kLongestPause(1);
  constexpr Seconds kAbortCheckInterval(0.02);
  const auto now = Clock::now();
  waited_ += std::min<Seconds>(now - last_, kLongestPause);
  last_ = now;
  if (waited_ - checked_ > kAbortCheckInterval) {
    limits_.throw_if_aborted();
    checked_ = waited_;
  }
  if (waited_.count() > limits_.timeout_seconds) {
    throw Error(ErrorKind::kCommunication,
                fmt::format("rank {} of {} waited {:.0f} s in {} ({}): another rank of the run is "
                            "lost or stuck",
                            rank_, size_, waited_.count(), operation_, library_),
                where);
  }
}

}  // namespace scgan::distributed
