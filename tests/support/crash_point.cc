// To be preloaded (LD_PRELOAD) into a program: ends it by SIGKILL just before a chosen call that
// changes files, so that a test can be exact about the moment of a kill.
//
// SCGAN_CRASH="<call> <path>[ after <call> <path>]": the first call whose path contains this text;
// with `after`, the first one behind such another call. A write is half done when the process dies.
// Calls: write (pwrite too), sync (fsync, fdatasync), rename, unlink (remove too). A text with $ at
// its end is one with which the path ends.
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
  static const Plan read;
  return read;
}

std::atomic<bool> armed{false};

bool is(const Point& point, const char* call, const std::string& path) {
  if (point.call != call) return false;
  if (point.path.ends_with('$')) return path.ends_with(point.path.substr(0, point.path.size() - 1));
  return path.find(point.path) != std::string::npos;
}

// Whether the process has to die here.
bool has_come(const char* call, const std::string& path) {
  if (plan().crash.call.empty()) return false;
  const bool ready = plan().before.call.empty() || armed;
  if (ready && is(plan().crash, call, path)) return true;
  if (is(plan().before, call, path)) armed = true;
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
  if (has_come("write", path_of(descriptor))) {
    real(descriptor, bytes, count / 2, offset);
    die();
  }
  return real(descriptor, bytes, count, offset);
}

int sync(const char* name, int descriptor) {
  if (has_come("sync", path_of(descriptor))) die();
  return original<int (*)(int)>(name)(descriptor);
}

}  // namespace

extern "C" {

ssize_t write(int descriptor, const void* bytes, size_t count) {
  static const auto real = original<ssize_t (*)(int, const void*, size_t)>("write");
  if (has_come("write", path_of(descriptor))) {
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
  if (has_come("rename", to)) die();
  return original<int (*)(const char*, const char*)>("rename")(from, to);
}

int unlink(const char* path) noexcept {
  if (has_come("unlink", path)) die();
  return original<int (*)(const char*)>("unlink")(path);
}

int remove(const char* path) noexcept {
  if (has_come("unlink", path)) die();
  return original<int (*)(const char*)>("remove")(path);
}

}  // extern "C"
