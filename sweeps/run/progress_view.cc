#include "sweeps/run/progress_view.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "core/base/log.h"
#include "core/base/sparkline.h"

namespace scgan::sweeps {
namespace {

constexpr double kRedrawSeconds = 0.5;
constexpr double kLogSeconds = 60;

// The terminal of mpirun, which is the parent of the ranks on its host. -1: none.
int launcher_terminal() {
  if (std::getenv("OMPI_COMM_WORLD_SIZE") == nullptr) return -1;
  std::error_code failed;
  const auto target =
      std::filesystem::read_symlink(fmt::format("/proc/{}/fd/2", getppid()), failed);
  if (failed ||
      !(target.string().starts_with("/dev/pts/") || target.string().starts_with("/dev/tty"))) {
    return -1;
  }
  return ::open(target.c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC);
}

}  // namespace

ProgressView::ProgressView(bool quiet)
    : quiet_(quiet), start_(std::chrono::steady_clock::now()), last_(start_) {
  if (isatty(STDERR_FILENO) != 0) {
    terminal_ = STDERR_FILENO;
  } else {
    terminal_ = launcher_terminal();
    owns_terminal_ = terminal_ >= 0;
  }
}

ProgressView::~ProgressView() {
  clear();
  if (owns_terminal_) ::close(terminal_);
}

void ProgressView::put(const std::string& text) const {
  // A terminal that has gone does not stop the sweep.
  if (::write(terminal_, text.data(), text.size()) < 0) return;
}

// In a window that has become narrower, a line takes several rows.
std::string ProgressView::erased() {
  const size_t columns = window_of(terminal_).columns;
  size_t rows = 0;
  for (const std::string& line : std::exchange(shown_, {})) {
    rows += std::max<size_t>(1, (columns_of(line) + columns - 1) / columns);
  }
  // Up, and clear to the end of the screen.
  return rows == 0 ? "" : fmt::format("\x1b[{}A\r\x1b[J", rows);
}

bool ProgressView::is_due() const {
  if (quiet_) return false;
  const double interval = terminal_ < 0 ? kLogSeconds : drawn_ ? kRedrawSeconds : 0;
  const std::chrono::duration<double> since = std::chrono::steady_clock::now() - last_;
  return since.count() >= interval;
}

void ProgressView::update(SweepProgress progress) {
  last_ = std::chrono::steady_clock::now();
  progress.elapsed_seconds = std::chrono::duration<double>(last_ - start_).count();
  if (terminal_ < 0) {
    log::info("{}", log_line(progress));
    return;
  }
  drawn_ = true;
  std::string text = erased();
  shown_ = live_lines(progress, window_of(terminal_), !locale_is_utf8());
  for (const std::string& line : shown_) text += line + "\n";
  put(text);
}

void ProgressView::clear() {
  if (!shown_.empty()) put(erased());
}

void ProgressView::print(const std::string& line) {
  if (quiet_) return;
  if (terminal_ < 0) {
    log::info("{}", line);
    return;
  }
  put(erased() + line + "\n");
  drawn_ = false;  // draw again at once
}

}  // namespace scgan::sweeps
