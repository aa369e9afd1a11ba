#include "sweeps/run/lock_holder.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "core/base/atomic_file.h"
#include "core/base/error.h"

namespace scgan::sweeps {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(LockHolder, host, process, start_ticks, boot_id, pid_namespace,
                                   slurm_job, since)

namespace {

std::string first_line(const std::filesystem::path& file) {
  try {
    const std::string text = read_file(file);
    return text.substr(0, text.find('\n'));
  } catch (const Error&) {
    return "";
  }
}

std::string pid_namespace() {
  std::error_code failed;
  const auto target = std::filesystem::read_symlink("/proc/self/ns/pid", failed);
  return failed ? "" : target.string();
}

// Field 22 of /proc/<pid>/stat; nullopt when there is no such process, or only its zombie.
std::optional<int64_t> start_of(int64_t process) {
  const std::string stat = first_line(fmt::format("/proc/{}/stat", process));
  const size_t name_end = stat.rfind(')');  // a name may hold anything
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(stat.substr(name_end + 1));
  std::string field;
  fields >> field;
  if (field == "Z" || field == "X") return std::nullopt;
  constexpr int kStart = 22, kState = 3;
  for (int i = kState; i < kStart; ++i) fields >> field;
  return std::atoll(field.c_str());
}

}  // namespace

LockHolder this_process() {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  const char* job = std::getenv("SLURM_JOB_ID");
  return {.host = host.data(),
          .process = getpid(),
          .start_ticks = start_of(getpid()).value_or(0),
          .boot_id = first_line("/proc/sys/kernel/random/boot_id"),
          .pid_namespace = pid_namespace(),
          .slurm_job = job == nullptr ? "" : job,
          .since = fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(std::time(nullptr)))};
}

std::string to_text(const LockHolder& holder) {
  return fmt::format(
      "process {} on host {}{}, since {}", holder.process, holder.host,
      holder.slurm_job.empty() ? "" : fmt::format(" (Slurm job {})", holder.slurm_job),
      holder.since);
}

std::string to_json_line(const LockHolder& holder) {
  return nlohmann::json(holder).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) +
         "\n";
}

LockHolder holder_from_json(const std::string& line) {
  try {
    return nlohmann::json::parse(line).get<LockHolder>();
  } catch (const nlohmann::json::exception& problem) {
    throw Error(ErrorKind::kStorage, problem.what());
  }
}

bool shares_processes(const LockHolder& holder) {
  const LockHolder here = this_process();
  return holder.host == here.host && holder.boot_id == here.boot_id && !here.boot_id.empty() &&
         holder.pid_namespace == here.pid_namespace;
}

bool is_alive(const LockHolder& holder) {
  return start_of(holder.process) == std::optional<int64_t>(holder.start_ticks);
}

}  // namespace scgan::sweeps
