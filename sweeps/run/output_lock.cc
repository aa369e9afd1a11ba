#include "sweeps/run/output_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <optional>
#include <system_error>
#include <utility>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/log.h"

namespace scgan::sweeps {
namespace {

constexpr std::string_view kExtension = ".lock";
constexpr const char* kFree = "free";
constexpr int64_t kKeptFiles = 4;
constexpr int kFlockChecks = 50;  // a process that was just killed may keep its flock for a moment
constexpr double kFlockCheckSeconds = 0.1;

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& reason) {
  throw Error(ErrorKind::kStorage, fmt::format("{}: cannot be written: {}", file.string(), reason));
}

void pause(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

// The line with the counter. Its width is fixed, so that it can be rewritten in place.
std::string beat_line(const std::string& value) { return fmt::format("{:>20}\n", value); }

std::string lock_name(int64_t number) { return fmt::format("{:06}{}", number, kExtension); }

// 0 if there is none.
int64_t highest_number(const std::filesystem::path& locks) {
  int64_t highest = 0;
  for (const auto& entry : std::filesystem::directory_iterator(locks)) {
    if (entry.path().extension() != kExtension) continue;
    const std::string stem = entry.path().stem().string();
    int64_t number = 0;
    const auto parsed = std::from_chars(stem.data(), stem.data() + stem.size(), number);
    if (parsed.ec == std::errc() && parsed.ptr == stem.data() + stem.size()) {
      highest = std::max(highest, number);
    }
  }
  return highest;
}

// Whether a process has an flock on it. False where flock does not work.
bool is_flocked(const std::filesystem::path& file) {
  const Descriptor descriptor(::open(file.c_str(), O_RDWR | O_CLOEXEC));
  return descriptor && flock(descriptor.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

struct LockFile {
  LockHolder holder;
  std::string beats;
};

// nullopt if the file has been removed, which happens only to those below the highest.
std::optional<LockFile> read_lock(const std::filesystem::path& file) {
  try {
    const std::string text = read_file(file);
    const size_t line_end = text.find('\n');
    const std::string beats = line_end == std::string::npos ? "" : text.substr(line_end + 1);
    const size_t first = beats.find_first_not_of(' ');
    return LockFile{
        holder_from_json(text.substr(0, line_end)),
        first == std::string::npos ? "" : beats.substr(first, beats.size() - first - 1)};
  } catch (const Error& problem) {
    if (!std::filesystem::exists(file)) return std::nullopt;
    throw Error(ErrorKind::kStorage,
                fmt::format("{}: is not a lock file; if no job uses its folder, remove it ({})",
                            file.string(), problem.what()));
  }
}

// Reads the counter until it changes or has not changed for long enough. Time during which it could
// not be read, or this process did not run, does not count.
bool moves(const std::filesystem::path& file, const std::string& beats, const LockTiming& timing) {
  double still = 0;
  for (auto last = Clock::now(); still < timing.patience_seconds;) {
    pause(timing.beat_seconds / 2);
    const auto now = read_lock(file);
    if (!now || now->beats != beats) return true;
    const double passed = std::chrono::duration<double>(Clock::now() - last).count();
    last = Clock::now();
    still += std::min(passed, timing.beat_seconds);
  }
  return false;
}

// Whether the holder still has its flock. A process that was just killed may keep it for a moment.
bool keeps_flock(const std::filesystem::path& file) {
  for (int check = 0; check < kFlockChecks; ++check) {
    if (!is_flocked(file)) return false;
    pause(kFlockCheckSeconds);
  }
  return true;
}

bool lives(const std::filesystem::path& file, const LockFile& lock, const LockTiming& timing) {
  if (shares_processes(lock.holder)) return is_alive(lock.holder) || keeps_flock(file);
  if (is_flocked(file)) return true;
  log::info("{}: left by {}; waiting up to {:.0f} s to see whether it is alive", file.string(),
            to_text(lock.holder), timing.patience_seconds);
  return moves(file, lock.beats, timing) || is_flocked(file);
}

// The holder of a lock with a higher number; nullopt also if it cannot be read at the moment.
std::optional<std::string> taker_above(const std::filesystem::path& locks, int64_t number) {
  try {
    const int64_t highest = highest_number(locks);
    if (highest <= number) return std::nullopt;
    const auto lock = read_lock(locks / lock_name(highest));
    return lock ? to_text(lock->holder) : "an unknown process";
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace

std::optional<FolderJob> job_of_folder(const std::filesystem::path& folder, LockTiming timing) {
  try {
    const auto locks = folder / "locks";
    const int64_t highest = highest_number(locks);
    const auto file = locks / lock_name(highest);
    const auto lock = highest == 0 ? std::nullopt : read_lock(file);
    if (!lock) return std::nullopt;
    const auto age = std::filesystem::file_time_type::clock::now() - last_write_time(file);
    FolderJob job{.holder = lock->holder, .is_free = lock->beats == kFree};
    job.seconds_since_sign = std::max(0.0, std::chrono::duration<double>(age).count());
    if (job.is_free) return job;
    job.is_running = is_flocked(file) || (shares_processes(lock->holder)
                                              ? is_alive(lock->holder)
                                              : job.seconds_since_sign < timing.patience_seconds);
    return job;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

std::filesystem::path OutputLock::file(int64_t number) const { return locks_ / lock_name(number); }

OutputLock::OutputLock(const std::filesystem::path& folder,
                       std::function<void(const std::string&)> on_lost, const LockHolder& self,
                       LockTiming timing)
    : folder_(folder), locks_(folder / "locks"), timing_(timing), on_lost_(std::move(on_lost)) {
  std::error_code failed;
  std::filesystem::create_directory(locks_, failed);
  if (failed) fail(locks_, failed.message());
  for (bool taken = false; !taken;) {
    const int64_t highest = highest_number(locks_);
    const auto present = highest == 0 ? std::nullopt : read_lock(file(highest));
    if (highest != 0 && !present) continue;  // another job has added a newer one
    const bool held = present && present->beats != kFree;
    if (held && lives(file(highest), *present, timing_)) {
      throw Error(ErrorKind::kInvalidSpec,
                  fmt::format("{}: another job works on this folder: {}. If that job no longer "
                              "runs, remove {}",
                              folder.string(), to_text(present->holder), file(highest).string()));
    }
    taken = try_take(highest + 1, self);
    if (taken && held) {
      log::warn("{}: taken over from {}, which no longer runs", folder.string(),
                to_text(present->holder));
    }
  }
  heart_ = std::thread([this] { beat(); });
}

OutputLock::~OutputLock() {
  {
    const std::scoped_lock guard(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  heart_.join();
  const std::string line = beat_line(kFree);
  static_cast<void>(pwrite(file_.get(), line.data(), line.size(), beats_offset_));
  static_cast<void>(fsync(file_.get()));
}

// Returns false if another process was faster.
bool OutputLock::try_take(int64_t number, const LockHolder& self) {
  const auto temporary = locks_ / fmt::format("{}-{}.tmp", self.host, self.process);
  file_.reset(::open(temporary.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file_) fail(temporary, std::strerror(errno));
  const std::string own_line = to_json_line(self);
  const std::string text = own_line + beat_line("0");
  beats_offset_ = static_cast<off_t>(own_line.size());
  write_all(file_.get(), text.data(), text.size(), temporary);
  if (fsync(file_.get()) != 0) fail(temporary, std::strerror(errno));
  // Where flock works, it is held before the link exists.
  static_cast<void>(flock(file_.get(), LOCK_EX | LOCK_NB));
  const int linked = ::link(temporary.c_str(), file(number).c_str());
  const int reason = errno;
  struct stat status {};
  // If the answer was lost on the network, an error may be reported although the link was made.
  const bool made = linked == 0 || (fstat(file_.get(), &status) == 0 && status.st_nlink == 2);
  ::unlink(temporary.c_str());
  if (!made) {
    file_.reset();
    if (reason != EEXIST) fail(file(number), std::strerror(reason));
    return false;
  }
  if (highest_number(locks_) > number) {  // the listing of the folder was outdated
    ::unlink(file(number).c_str());
    file_.reset();
    return false;
  }
  number_ = number;
  for (int64_t old = number - kKeptFiles; old > 0 && ::unlink(file(old).c_str()) == 0;) --old;
  return true;
}

void OutputLock::beat() {
  std::unique_lock guard(mutex_);
  const std::chrono::duration<double> interval(timing_.beat_seconds);
  while (!wake_.wait_for(guard, interval, [this] { return ending_; })) {
    if (const auto taker = taker_above(locks_, number_)) {
      on_lost_(
          fmt::format("{}: another job has taken this folder over, as this one sent no "
                      "heartbeat: {}",
                      folder_.string(), *taker));
      return;
    }
    // Errors are ignored: other jobs then see a dead holder, unless the flock works. The errors of
    // the job's own files tell the user what is wrong with the disk.
    const std::string line = beat_line(std::to_string(++beats_));
    static_cast<void>(pwrite(file_.get(), line.data(), line.size(), beats_offset_));
    static_cast<void>(fsync(file_.get()));
  }
}

}  // namespace scgan::sweeps
