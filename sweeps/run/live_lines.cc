#include "sweeps/run/live_lines.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "core/base/duration_text.h"
#include "core/base/sparkline.h"

namespace scgan::sweeps {
namespace {

// A log line names the groups if they are not more.
constexpr size_t kMostLogged = 8;
// Of a table of groups: all columns besides labels and curves, with the gaps between them, and the
// last one of the window, which stays free.
constexpr size_t kFixedColumns = 49;
// Of a curve, if labels and curves together have this space.
constexpr size_t kLeastBars = 5, kMostBars = 40;
constexpr size_t kLeastSpace = 24;

double seconds_left(const GroupProgress& group) {
  if (group.scoring) return 0;
  if (group.steps_per_second <= 0) return HUGE_VAL;
  return static_cast<double>(group.total_steps - group.step) / group.steps_per_second;
}

double images_per_second(const GroupProgress& group) {
  if (group.scoring) return 0;
  return group.steps_per_second * static_cast<double>(group.images_per_step);
}

std::string counts(const SweepProgress& progress) {
  std::string text = fmt::format("{} done, {} running, {} to do", progress.done, progress.running,
                                 progress.waiting);
  if (progress.failed > 0) text += fmt::format(", {} FAILED", progress.failed);
  return text;
}

// Training and scoring of all runs that are not done, the latter by as many groups as work now.
std::string time_left(const SweepProgress& progress) {
  if (!progress.training_seconds) return duration_text(-1);
  if (!progress.scoring_seconds) return duration_text(*progress.training_seconds) + " and scoring";
  const int groups = std::max(1, progress.running);
  const int rounds = (progress.running + progress.waiting + groups - 1) / groups;
  return duration_text(*progress.training_seconds + rounds * *progress.scoring_seconds);
}

// "1 min 05 s elapsed, 6 min 40 s left, 96 images/s on 8 ranks, 2 of them idle".
std::string speed_text(const SweepProgress& progress) {
  double images = 0;
  for (const GroupProgress& group : progress.groups) images += images_per_second(group);
  std::string text;
  if (progress.elapsed_seconds) text += duration_text(*progress.elapsed_seconds) + " elapsed, ";
  text += fmt::format("{} left, {:.3g} images/s on {} rank{}", time_left(progress), images,
                      progress.ranks, progress.ranks == 1 ? "" : "s");
  if (progress.free_ranks > 0) text += fmt::format(", {} of them idle", progress.free_ranks);
  return text;
}

// At most six characters.
std::string loss_text(double loss) {
  return std::abs(loss) < 100 ? fmt::format("{:.3f}", loss) : fmt::format("{:.3g}", loss);
}

int percent(const GroupProgress& group) {
  return group.total_steps > 0 ? static_cast<int>(100 * group.step / group.total_steps) : 100;
}

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

// Where the character of a column begins.
size_t offset_of(const std::string& text, size_t column) {
  size_t offset = 0;
  for (size_t before = 0; offset < text.size(); ++offset) {
    if (!is_continuation(text[offset]) && before++ == column) break;
  }
  return offset;
}

std::string cut(const std::string& text, size_t columns) {
  return text.substr(0, offset_of(text, columns));
}

// Both ends of a longer text: "cycle..seed 12".
std::string shortened(const std::string& text, size_t columns) {
  const size_t all = columns_of(text);
  if (all <= columns || columns < 3) return cut(text, columns);
  const size_t head = (columns - 2) / 2, tail = columns - 2 - head;
  return cut(text, head) + ".." + text.substr(offset_of(text, all - tail));
}

// "scgan 40 % seed 2 x4" if four ranks share the run.
std::string label(const GroupProgress& group, size_t columns) {
  const std::string ranks = group.ranks == 1 ? "" : fmt::format(" x{}", group.ranks);
  return shortened(group.run, columns - std::min(columns, ranks.size())) + ranks;
}

using Groups = std::vector<const GroupProgress*>;

// "3 starting, 470 training (12 to 98 % done), 22 scoring".
std::string summary_of(const Groups& groups) {
  int starting = 0, training = 0, scoring = 0, least = 100, most = 0;
  for (const GroupProgress* group : groups) {
    if (group->scoring) {
      ++scoring;
    } else if (group->steps_per_second <= 0) {
      ++starting;
    } else {
      ++training;
      least = std::min(least, percent(*group));
      most = std::max(most, percent(*group));
    }
  }
  std::vector<std::string> parts;
  if (starting > 0) parts.push_back(fmt::format("{} starting", starting));
  if (training > 0) {
    parts.push_back(fmt::format("{} training ({} to {} % done)", training, least, most));
  }
  if (scoring > 0) parts.push_back(fmt::format("{} scoring", scoring));
  return fmt::format("{}", fmt::join(parts, ", "));
}

Groups pointers_to(const std::vector<GroupProgress>& groups) {
  Groups pointers;
  for (const GroupProgress& group : groups) pointers.push_back(&group);
  return pointers;
}

// Removes all but the `count` groups that end last and returns the others; both keep their order.
Groups take_the_rest(Groups& groups, size_t count) {
  Groups by_end = groups;
  std::ranges::stable_sort(by_end, std::greater<>(),
                           [](const auto* g) { return seconds_left(*g); });
  const std::set<const GroupProgress*> shown(by_end.begin(),
                                             by_end.begin() + static_cast<std::ptrdiff_t>(count));
  const auto rest = std::stable_partition(groups.begin(), groups.end(),
                                          [&](const auto* group) { return shown.contains(group); });
  Groups others(rest, groups.end());
  groups.erase(rest, groups.end());
  return others;
}

// The rows of a table: its title, then one for each group.
std::vector<std::string> table_of(const Groups& groups, size_t columns, bool ascii) {
  const size_t space = columns > kFixedColumns ? columns - kFixedColumns : 0;
  size_t width = 8;  // of the labels
  for (const GroupProgress* group : groups)
    width = std::max(width, columns_of(label(*group, columns)));
  // Narrow windows have no curves.
  const size_t least_bars = space < kLeastSpace ? 0 : kLeastBars;
  width = std::min(width, std::max<size_t>(space - 2 * least_bars, 8));
  const size_t bars = least_bars == 0 ? 0 : std::min(kMostBars, (space - width) / 2);
  const auto row = [&](const std::string& run, const std::string& done, const std::string& g,
                       const std::string& d, const std::string& rate, const std::string& left) {
    return fmt::format("{:<{}}  {:>5}  {:<{}}  {:<{}}  {:>8}  {:>11}", run, width, done, g,
                       7 + bars, d, 7 + bars, rate, left);
  };
  std::vector<std::string> rows{row("run", "done", "G loss", "D loss", "images/s", "left")};
  for (const GroupProgress* group : groups) {
    if (group->scoring || group->steps_per_second <= 0) {
      const std::string state = group->scoring ? "scoring" : "starting";
      rows.push_back(fmt::format("{:<{}}  {}", label(*group, width), width, state));
      continue;
    }
    const auto loss = [&](double value, const std::vector<double>& curve) {
      return fmt::format("{:>6} {}", loss_text(value), sparkline(curve, bars, ascii));
    };
    rows.push_back(row(label(*group, width), fmt::format("{} %", percent(*group)),
                       loss(group->g_loss, group->g_curve), loss(group->d_loss, group->d_curve),
                       fmt::format("{:.3g}", images_per_second(*group)),
                       duration_text(seconds_left(*group))));
  }
  return rows;
}

}  // namespace

Window window_of(int descriptor) {
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {size.ws_col, size.ws_row};
}

size_t columns_of(const std::string& text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char c) { return !is_continuation(c); }));
}

std::vector<std::string> live_lines(const SweepProgress& progress, const Window& window,
                                    bool ascii) {
  std::vector<std::string> lines{fmt::format("{}: {}", progress.name, counts(progress)),
                                 speed_text(progress)};
  // The cursor takes a row, too.
  const size_t rows = std::max<size_t>(window.rows, 4) - 1 - lines.size();
  Groups groups = pointers_to(progress.groups);
  Groups others;
  if (groups.size() + 1 > rows) others = take_the_rest(groups, std::max<size_t>(rows, 2) - 2);
  if (!groups.empty()) {
    const auto table = table_of(groups, window.columns, ascii);
    lines.insert(lines.end(), table.begin(), table.end());
  }
  if (!others.empty()) {
    lines.push_back(fmt::format("{}{}", groups.empty() ? "" : "others: ", summary_of(others)));
  }
  for (std::string& line : lines) line = cut(line, window.columns - 1);
  return lines;
}

std::string log_line(const SweepProgress& progress) {
  std::string line =
      fmt::format("{}: {}; {}", progress.name, counts(progress), speed_text(progress));
  const Groups groups = pointers_to(progress.groups);
  if (groups.size() > kMostLogged) return line + "; " + summary_of(groups);
  for (const GroupProgress* group : groups) {
    line += group->scoring ? fmt::format("; {} scoring", group->run)
                           : fmt::format("; {} {}/{} G {:.3f} D {:.3f}", group->run, group->step,
                                         group->total_steps, group->g_loss, group->d_loss);
  }
  return line;
}

std::string label_of(const results::PlannedRun& run) {
  std::string text = fmt::format("{} {:g} % seed {}", run.variant, run.percentage, run.seed);
  if (run.axes != "{}") text += " " + run.axes;
  return text;
}

}  // namespace scgan::sweeps
