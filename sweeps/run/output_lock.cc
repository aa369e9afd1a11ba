#include "sweeps/run/output_lock.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "core/base/atomic_file.h"
#include "core/base/error.h"

namespace scgan::sweeps {
namespace {

std::string holder_text() {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  const char* job = std::getenv("SLURM_JOB_ID");
  return fmt::format("process {} on host {}{}, since {:%Y-%m-%d %H:%M:%S} UTC", getpid(),
                     host.data(), job == nullptr ? "" : fmt::format(" (Slurm job {})", job),
                     fmt::gmtime(std::time(nullptr)));
}

}  // namespace

void OutputLock::Descriptor::close(Handle handle) noexcept { ::close(handle); }

OutputLock::OutputLock(const std::filesystem::path& folder) {
  const auto file = folder / "lock";
  file_.reset(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!file_) {
    throw Error(ErrorKind::kStorage,
                fmt::format("{}: cannot be written: {}", file.string(), std::strerror(errno)));
  }
  if (flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
    throw Error(ErrorKind::kInvalidSpec, fmt::format("{}: another job works on this folder: {}",
                                                     folder.string(), read_file(file)));
  }
  const std::string holder = holder_text();
  if (ftruncate(file_.get(), 0) != 0) {
    throw Error(ErrorKind::kStorage, fmt::format("{}: cannot be written", file.string()));
  }
  write_all(file_.get(), holder.data(), holder.size(), file);
}

}  // namespace scgan::sweeps
