#include "distributed/waiting.h"

#include <atomic>
#include <cstdlib>

namespace scgan::distributed {
namespace {

constexpr double kDefaultSeconds = 1800;

std::atomic<const char*> waiting_in{nullptr};

}  // namespace

double timeout_seconds() {
  const char* text = std::getenv("SCGAN_TIMEOUT_SECONDS");
  const double seconds = text == nullptr ? 0 : std::atof(text);
  return seconds > 0 ? seconds : kDefaultSeconds;
}

Waiting::Waiting(const char* operation) { waiting_in = operation; }
Waiting::~Waiting() { waiting_in = nullptr; }
const char* Waiting::now() { return waiting_in; }

}  // namespace scgan::distributed
