#include "sweeps/run/run_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "core/base/atomic_file.h"
#include "core/base/descriptor.h"
#include "core/base/error.h"

namespace scgan::sweeps {
namespace {

Error cannot_write(const std::filesystem::path& file) {
  return {ErrorKind::kStorage, fmt::format("{}: cannot be written", file.string())};
}

}  // namespace

RunLog::Lines::Lines(std::filesystem::path file, int64_t first_step) : file_(std::move(file)) {
  std::ifstream stream(file_);
  std::string kept;
  for (std::string line; std::getline(stream, line);) {
    const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    // An incomplete last line, or a step that will be repeated.
    if (json.is_discarded() || json.value("step", first_step + 1) > first_step) break;
    kept += line + "\n";
    last_kept_ = std::move(line);
  }
  write_file_atomically(file_, kept);
  stream_.open(file_, std::ios::app);
  if (!stream_) throw cannot_write(file_);
}

void RunLog::Lines::flush() {
  stream_.flush();
  const Descriptor written(::open(file_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!stream_ || !written || ::fsync(written.get()) != 0) throw cannot_write(file_);
}

RunLog::RunLog(const std::filesystem::path& folder, int64_t first_step)
    : losses_(folder / kLossFile, first_step),
      times_(folder / kTimeFile, first_step),
      seconds_before_(times_.last_kept().empty()
                          ? 0
                          : nlohmann::json::parse(times_.last_kept()).value("seconds", 0.0)),
      start_(Clock::now()) {}

void RunLog::add(const StepReport& report) {
  std::string line = fmt::format("{{\"step\":{},\"epoch\":{},\"learning_rate\":{}", report.step,
                                 report.epoch, report.learning_rate);
  for (const auto& [loss, name] : kLosses) {
    line += fmt::format(",\"{}\":{}", name, report.losses[loss]);
  }
  if (report.windows) {
    const auto [a, b] = *report.windows;
    line += fmt::format(",\"part_a\":[{},{}],\"part_b\":[{},{}]", a.y, a.x, b.y, b.x);
  }
  losses_.add(line + "}");
  const std::chrono::duration<double> elapsed = Clock::now() - start_;
  times_.add(fmt::format("{{\"step\":{},\"seconds\":{:.3f}}}", report.step,
                         seconds_before_ + elapsed.count()));
}

void RunLog::flush() {
  losses_.flush();
  times_.flush();
}

std::vector<results::LossPoint> logged_losses(const std::filesystem::path& folder,
                                              const std::function<bool(int64_t)>& is_wanted) {
  std::ifstream stream(folder / kLossFile);
  std::vector<results::LossPoint> points;
  for (std::string line; std::getline(stream, line);) {
    const auto json = nlohmann::json::parse(line);
    const auto step = json.at("step").get<int64_t>();
    if (!is_wanted(step)) continue;
    for (const auto& [loss, name] : kLosses) {
      points.push_back({step, name, json.at(name).get<double>()});
    }
  }
  return points;
}

}  // namespace scgan::sweeps
