// What an error means for the run in which it occurred, and for the job.
#pragma once

#include <exception>
#include <string>

#include "core/base/error.h"
#include "results/store/records.h"
#include "sweeps/run/messages.h"

namespace scgan::sweeps {

// A group of more ranks than its run needs ran out of memory.
class OutOfMemoryMayFit final : public Error {
 public:
  explicit OutOfMemoryMayFit(const std::string& text) : Error(ErrorKind::kOutOfMemory, text) {}
};

// The class under which the store keeps an error. A GPU that has failed is lost; LibTorch reports
// that in several ways.
results::ExitClass exit_class(const std::exception& problem);

// Whether the error affects only its run, so that the sweep can continue with the others.
bool is_own_fault(const std::exception& problem);

// The text with which a rank that failed aborts its group (Communicator::abort), and the failure
// in such a text. A text of another form is a failure of class unknown with the text as reason.
std::string to_abort_reason(const report::AttemptFailed& failure);
report::AttemptFailed failure_from(const std::string& abort_reason);

}  // namespace scgan::sweeps
