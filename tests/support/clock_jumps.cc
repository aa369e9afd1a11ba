// To preload (LD_PRELOAD) into a program: the time of day jumps by a day, back and forth, between
// any two queries.
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>

#include <atomic>

namespace {

// Seconds to add: a day, none, minus a day, none, ...
time_t jump() {
  constexpr time_t kDay = 24 * 60 * 60;
  static std::atomic<unsigned> queries{0};
  constexpr time_t kJumps[] = {kDay, 0, -kDay, 0};
  return kJumps[queries++ % 4];
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* now) noexcept {
  static const auto real =
      reinterpret_cast<int (*)(clockid_t, timespec*)>(dlsym(RTLD_NEXT, "clock_gettime"));
  const int status = real(clock, now);
  if (clock == CLOCK_REALTIME) now->tv_sec += jump();
  return status;
}

int gettimeofday(timeval* now, void* zone) noexcept {
  static const auto real =
      reinterpret_cast<int (*)(timeval*, void*)>(dlsym(RTLD_NEXT, "gettimeofday"));
  const int status = real(now, zone);
  now->tv_sec += jump();
  return status;
}

time_t time(time_t* now) noexcept {
  static const auto real = reinterpret_cast<time_t (*)(time_t*)>(dlsym(RTLD_NEXT, "time"));
  const time_t seconds = real(nullptr) + jump();
  if (now != nullptr) *now = seconds;
  return seconds;
}

}  // extern "C"
