// To preload (LD_PRELOAD) into a program: kills it by SIGKILL just before a chosen call that
// changes files, so that a test controls the exact moment.
//
// SCGAN_CRASH="<call> <path>[ after <call> <path>]": the first call whose path contains the text
// <path>; with `after`, the first one after the other call. <path>$ matches at the end of the path.
// Calls: write (and pwrite), sync (fsync, fdatasync), rename, unlink (and remove). A write is half
// complete when the process dies.
#include <dlfcn.h>
#include <limits.h>
#include <signal.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>

namespace {

struct Point {
  std::string call, path;
};

struct Plan {
  Point crash, before;
  Plan() {
    const char* text = std::getenv("SCGAN_CRASH");
    std::istringstream words(text == nullptr ? "" : text);
    std::string after;
    words >> crash.call >> crash.path >> after >> before.call >> before.path;
  }
};

const Plan& plan() {
  static const Plan parsed;
  return parsed;
}

std::atomic<bool> armed{false};

bool matches(const Point& point, const char* call, const std::string& path) {
  if (point.call != call) return false;
  if (point.path.ends_with('$')) return path.ends_with(point.path.substr(0, point.path.size() - 1));
  return path.find(point.path) != std::string::npos;
}

// Whether the process must die at this call.
bool is_crash_point(const char* call, const std::string& path) {
  if (plan().crash.call.empty()) return false;
  const bool ready = plan().before.call.empty() || armed;
  if (ready && matches(plan().crash, call, path)) return true;
  if (matches(plan().before, call, path)) armed = true;
  return false;
}

std::string path_of(int descriptor) {
  char link[64];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  char path[PATH_MAX];
  const ssize_t length = ::readlink(link, path, sizeof path);
  return length < 0 ? std::string() : std::string(path, static_cast<size_t>(length));
}

template <typename Function>
Function original(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

[[noreturn]] void die() {
  ::kill(::getpid(), SIGKILL);
  for (;;) ::pause();
}

ssize_t write_at(const char* name, int descriptor, const void* bytes, size_t count, off_t offset) {
  static const auto real = original<ssize_t (*)(int, const void*, size_t, off_t)>(name);
  if (is_crash_point("write", path_of(descriptor))) {
    real(descriptor, bytes, count / 2, offset);
    die();
  }
  return real(descriptor, bytes, count, offset);
}

int sync(const char* name, int descriptor) {
  if (is_crash_point("sync", path_of(descriptor))) die();
  return original<int (*)(int)>(name)(descriptor);
}

}  // namespace

extern "C" {

ssize_t write(int descriptor, const void* bytes, size_t count) {
  static const auto real = original<ssize_t (*)(int, const void*, size_t)>("write");
  if (is_crash_point("write", path_of(descriptor))) {
    real(descriptor, bytes, count / 2);
    die();
  }
  return real(descriptor, bytes, count);
}

ssize_t pwrite(int descriptor, const void* bytes, size_t count, off_t offset) {
  return write_at("pwrite", descriptor, bytes, count, offset);
}
ssize_t pwrite64(int descriptor, const void* bytes, size_t count, off_t offset) {
  return write_at("pwrite64", descriptor, bytes, count, offset);
}

int fsync(int descriptor) { return sync("fsync", descriptor); }
int fdatasync(int descriptor) { return sync("fdatasync", descriptor); }

int rename(const char* from, const char* to) noexcept {
  if (is_crash_point("rename", to)) die();
  return original<int (*)(const char*, const char*)>("rename")(from, to);
}

int unlink(const char* path) noexcept {
  if (is_crash_point("unlink", path)) die();
  return original<int (*)(const char*)>("unlink")(path);
}

int remove(const char* path) noexcept {
  if (is_crash_point("unlink", path)) die();
  return original<int (*)(const char*)>("remove")(path);
}

}  // extern "C"
