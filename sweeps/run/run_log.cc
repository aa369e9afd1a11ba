#include "sweeps/run/run_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <string>

#include "core/base/atomic_file.h"
#include "core/base/descriptor.h"
#include "core/base/error.h"

namespace scgan::sweeps {
namespace {

std::string kept_lines(const std::filesystem::path& file, int64_t first_step) {
  std::ifstream stream(file);
  std::string kept;
  for (std::string line; std::getline(stream, line);) {
    const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    // An incomplete last line, or a step that will be repeated.
    if (json.is_discarded() || json.value("step", first_step + 1) > first_step) break;
    kept += line + "\n";
  }
  return kept;
}

}  // namespace

RunLog::RunLog(const std::filesystem::path& file, int64_t first_step) : file_(file) {
  write_file_atomically(file, kept_lines(file, first_step));
  stream_.open(file, std::ios::app);
  if (!stream_)
    throw Error(ErrorKind::kStorage, fmt::format("{}: cannot be written", file.string()));
}

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
  stream_ << line << "}\n";
}

void RunLog::flush() {
  stream_.flush();
  const Descriptor written(::open(file_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!stream_ || !written || ::fsync(written.get()) != 0)
    throw Error(ErrorKind::kStorage, fmt::format("{}: cannot be written", file_.string()));
}

std::vector<results::LossPoint> logged_losses(const std::filesystem::path& file,
                                              const std::function<bool(int64_t)>& is_wanted) {
  std::ifstream stream(file);
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
