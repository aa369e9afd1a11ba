#include "sweeps/run/stop_signal.h"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <ctime>

#include "core/base/exit_code.h"

namespace scgan::sweeps {
namespace {

constexpr int64_t kSameRequestMs = 1000;
constexpr int64_t kImpatientMs = 10000;

std::atomic<int64_t> first_signal_ms{0};  // lock-free: safe in a signal handler

int64_t now_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1000000 + 1;
}

void on_signal(int) {
  const int64_t now = now_ms();
  int64_t first = 0;
  if (first_signal_ms.compare_exchange_strong(first, now)) return;
  if (now - first >= kSameRequestMs && now - first < kImpatientMs) _exit(kExitStopped);
  if (now - first >= kImpatientMs) first_signal_ms.store(now);
}

}  // namespace

void install_stop_signals() {
  std::signal(SIGXFSZ, SIG_IGN);
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGUSR2, SIGTERM, SIGINT}) sigaction(signal, &action, nullptr);
}

bool stop_signalled() { return first_signal_ms.load() != 0; }

}  // namespace scgan::sweeps
