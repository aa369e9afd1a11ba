#include "sweeps/run/progress_view.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "core/base/log.h"

namespace scgan::sweeps {
namespace {

constexpr double kRedrawSeconds = 0.5;
constexpr double kLogSeconds = 60;

double total_rate(const SweepProgress& progress) {
  double rate = 0;
  for (const GroupProgress& group : progress.groups) {
    if (group.working) rate += group.steps_per_second;
  }
  return rate;
}

std::string counts(const SweepProgress& progress) {
  std::string text = fmt::format("{} done, {} running, {} to do", progress.done, progress.running,
                                 progress.waiting);
  if (progress.failed > 0) text += fmt::format(", {} FAILED", progress.failed);
  return text;
}

// Training and scoring of all runs that are not done, by as many groups as work now.
std::string time_left(const SweepProgress& progress) {
  const double rate = total_rate(progress);
  if (rate <= 0) return duration_text(-1);
  const double training = static_cast<double>(progress.steps_left) / rate;
  if (!progress.scoring_seconds) return duration_text(training) + " and scoring";
  const int groups = std::max(1, progress.running);
  const int rounds = (progress.running + progress.waiting + groups - 1) / groups;
  return duration_text(training + rounds * *progress.scoring_seconds);
}

std::string bar(int64_t step, int64_t total) {
  constexpr int64_t kWidth = 20;
  const int64_t filled = total > 0 ? step * kWidth / total : 0;
  std::string text(static_cast<size_t>(kWidth), '.');
  for (int64_t i = 0; i < filled; ++i) text[static_cast<size_t>(i)] = '#';
  return text;
}

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

size_t terminal_width(int descriptor) {
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

}  // namespace

std::string duration_text(double seconds) {
  if (seconds < 0) return "unknown";
  const auto whole = std::llround(seconds);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

std::vector<std::string> live_lines(const SweepProgress& progress, double elapsed_seconds) {
  std::vector<std::string> lines{fmt::format("{}: {} | {:.1f} it/s | {} elapsed, {} left",
                                             progress.name, counts(progress), total_rate(progress),
                                             duration_text(elapsed_seconds), time_left(progress))};
  for (const GroupProgress& group : progress.groups) {
    if (!group.working) continue;
    if (group.scoring) {
      lines.push_back(fmt::format("  {:<32} scoring", group.run));
      continue;
    }
    lines.push_back(fmt::format("  {:<32} [{}] {}/{}  G {:.3f}  D {:.3f}  {:.1f} it/s", group.run,
                                bar(group.step, group.total_steps), group.step, group.total_steps,
                                group.g_loss, group.d_loss, group.steps_per_second));
    if (group.ranks > 1) lines.back() += fmt::format("  {} ranks", group.ranks);
  }
  return lines;
}

std::string log_line(const SweepProgress& progress, double elapsed_seconds) {
  std::string line =
      fmt::format("{}: {}; {:.1f} it/s, {} elapsed, {} left", progress.name, counts(progress),
                  total_rate(progress), duration_text(elapsed_seconds), time_left(progress));
  for (const GroupProgress& group : progress.groups) {
    if (!group.working) continue;
    line += group.scoring ? fmt::format("; {} scoring", group.run)
                          : fmt::format("; {} {}/{} G {:.3f} D {:.3f}", group.run, group.step,
                                        group.total_steps, group.g_loss, group.d_loss);
  }
  return line;
}

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
  erase_live_lines();
  if (owns_terminal_) ::close(terminal_);
}

void ProgressView::put(const std::string& text) const {
  // A terminal that has gone does not stop the sweep.
  if (::write(terminal_, text.data(), text.size()) < 0) return;
}

void ProgressView::erase_live_lines() {
  if (lines_shown_ == 0) return;
  put(fmt::format("\x1b[{}A\x1b[J", lines_shown_));  // up, and clear to the end of the screen
  lines_shown_ = 0;
}

void ProgressView::update(const SweepProgress& progress) {
  if (quiet_) return;
  const auto now = std::chrono::steady_clock::now();
  const std::chrono::duration<double> since = now - last_;
  const std::chrono::duration<double> elapsed = now - start_;
  if (terminal_ < 0) {
    if (since.count() < kLogSeconds) return;
    last_ = now;
    log::info("{}", log_line(progress, elapsed.count()));
    return;
  }
  if (drawn_ && since.count() < kRedrawSeconds) return;
  last_ = now;
  drawn_ = true;
  erase_live_lines();
  const size_t width = terminal_width(terminal_);
  std::string text;
  const auto lines = live_lines(progress, elapsed.count());
  for (const std::string& line : lines) text += line.substr(0, width - 1) + "\n";
  put(text);
  lines_shown_ = lines.size();
}

void ProgressView::print(const std::string& line) {
  if (quiet_) return;
  if (terminal_ < 0) {
    log::info("{}", line);
    return;
  }
  erase_live_lines();
  put(line + "\n");
}

}  // namespace scgan::sweeps
