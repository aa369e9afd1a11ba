#include "core/base/byte_lock.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

namespace scgan {
namespace {

constexpr auto kPollInterval = std::chrono::milliseconds(5);

bool set(int descriptor, int command, short type, int64_t byte, struct flock& lock) {
  lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = byte;
  lock.l_len = 1;
  int status = 0;
  do {
    status = ::fcntl(descriptor, command, &lock);
  } while (status != 0 && errno == EINTR);
  return status == 0;
}

}  // namespace

// F_OFD_SETLKW would wait for ever where a file server keeps the lock of a host that is gone.
bool lock_byte(int descriptor, int64_t byte, ByteLock kind, std::chrono::seconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  const short type = kind == ByteLock::kShared ? F_RDLCK : F_WRLCK;
  for (;;) {
    struct flock lock {};
    if (set(descriptor, F_OFD_SETLK, type, byte, lock)) return true;
    const bool is_held = errno == EAGAIN || errno == EACCES;
    if (!is_held || std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(kPollInterval);
  }
}

void unlock_byte(int descriptor, int64_t byte) {
  struct flock lock {};
  set(descriptor, F_OFD_SETLK, F_UNLCK, byte, lock);
}

bool is_locked_elsewhere(int descriptor, int64_t byte) {
  struct flock lock {};
  return set(descriptor, F_OFD_GETLK, F_WRLCK, byte, lock) && lock.l_type != F_UNLCK;
}

}  // namespace scgan
