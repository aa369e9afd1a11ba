// One job per folder: a live holder keeps others out, the lock of a dead one is taken over. Uses
// real processes.
#include "sweeps/run/output_lock.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/base/error.h"
#include "tests/support/temp_dir.h"

namespace scgan::sweeps {
namespace {

using std::chrono::duration;
using std::chrono::steady_clock;

constexpr LockTiming kFast{.beat_seconds = 0.02, .patience_seconds = 0.2};
constexpr const char* kHost = "some-other-host";

LockHolder on_another_host() {
  LockHolder holder = this_process();
  holder.host = kHost;
  holder.boot_id = "11111111-2222-3333-4444-555555555555";
  holder.slurm_job = "4321";
  return holder;
}

// A process that holds the lock until it is killed.
class Holder {
 public:
  Holder(const std::filesystem::path& folder, bool far) {
    int ready[2];
    if (pipe(ready) != 0) throw std::runtime_error("no pipe");
    process_ = fork();
    if (process_ == 0) {
      close(ready[0]);
      const OutputLock lock(
          folder, [](const std::string&) { _exit(7); }, far ? on_another_host() : this_process(),
          kFast);
      if (write(ready[1], "x", 1) != 1) _exit(1);
      for (;;) pause();
    }
    close(ready[1]);
    char byte = 0;
    if (read(ready[0], &byte, 1) != 1) throw std::runtime_error("the holder did not start");
    close(ready[0]);
  }
  ~Holder() {
    if (process_ > 0) end(SIGKILL);
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;

  void signal(int number) const { kill(process_, number); }
  // Returns the exit code, or 128 + signal if a signal ended it.
  int wait() {
    int status = 0;
    waitpid(process_, &status, 0);
    process_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  int end(int number) {
    signal(number);
    return wait();
  }
  pid_t process() const { return process_; }

 private:
  pid_t process_ = -1;
};

std::string refusal(const std::filesystem::path& folder) {
  try {
    const OutputLock lock(
        folder, [](const std::string&) {}, this_process(), kFast);
    return "";
  } catch (const Error& problem) {
    EXPECT_EQ(problem.kind(), ErrorKind::kInvalidSpec);
    return problem.what();
  }
}

// As on a file system without flock: a copy of the file has none.
void drop_flock(const std::filesystem::path& file) {
  const auto copy = file.string() + ".copy";
  std::filesystem::copy_file(file, copy);
  std::filesystem::rename(copy, file);
}

TEST(OutputLockTest, ErrorOfASecondHolderNamesTheFirst) {
  const TempDir folder;
  const OutputLock first(folder.path());
  try {
    const OutputLock second(folder.path());
    FAIL() << "two holders";
  } catch (const Error& problem) {
    EXPECT_EQ(problem.kind(), ErrorKind::kInvalidSpec);
    const std::string text = problem.what();
    EXPECT_NE(text.find("process " + std::to_string(getpid())), std::string::npos) << text;
    EXPECT_NE(text.find("since 20"), std::string::npos) << text;
  }
}

TEST(OutputLockTest, IsFreeAfterItsHolder) {
  const TempDir folder;
  for (int i = 0; i < 10; ++i) EXPECT_NO_THROW(OutputLock lock(folder.path())) << i;
}

TEST(OutputLockTest, OnlookersSeeWhetherTheJobRuns) {
  for (const bool far : {false, true}) {
    const TempDir folder;
    EXPECT_FALSE(job_of_folder(folder.path(), kFast).has_value());
    Holder holder(folder.path(), far);
    const auto running = job_of_folder(folder.path(), kFast);
    ASSERT_TRUE(running.has_value());
    EXPECT_TRUE(running->is_running);
    EXPECT_EQ(running->holder.process, holder.process());
    holder.end(SIGKILL);
    std::this_thread::sleep_for(duration<double>(2 * kFast.patience_seconds));
    const auto ended = job_of_folder(folder.path(), kFast);
    ASSERT_TRUE(ended.has_value());
    EXPECT_FALSE(ended->is_running);
    EXPECT_FALSE(ended->is_free);
    EXPECT_GE(ended->seconds_since_sign, kFast.patience_seconds);
    {
      const OutputLock next(
          folder.path(), [](const std::string&) {}, this_process(), kFast);
    }
    EXPECT_TRUE(job_of_folder(folder.path(), kFast)->is_free);
  }
}

TEST(OutputLockTest, FolderThatCannotBeWrittenIsNamed) {
  const TempDir folder;
  try {
    const OutputLock lock(folder.path() / "missing");
    FAIL();
  } catch (const Error& problem) {
    EXPECT_EQ(problem.kind(), ErrorKind::kStorage);
    EXPECT_NE(std::string(problem.what()).find("missing/lock"), std::string::npos);
  }
}

TEST(OutputLockTest, KilledProcessIsSucceededAtOnce) {
  const TempDir folder;
  Holder holder(folder.path(), false);
  EXPECT_NE(refusal(folder.path()).find("process " + std::to_string(holder.process())),
            std::string::npos);
  EXPECT_EQ(holder.end(SIGKILL), 128 + SIGKILL);
  const auto start = steady_clock::now();
  EXPECT_EQ(refusal(folder.path()), "");
  EXPECT_LT(duration<double>(steady_clock::now() - start).count(), 0.4) << "no patience needed";
}

TEST(OutputLockTest, ProcessWithTheReusedIdOfAHolderIsNotTheHolder) {
  const TempDir folder;
  LockHolder earlier = this_process();
  earlier.start_ticks -= 1;  // another process had this id before
  EXPECT_FALSE(is_alive(earlier));
  EXPECT_TRUE(is_alive(this_process()));
  auto left = std::make_unique<OutputLock>(
      folder.path(), [](const std::string&) {}, earlier, LockTiming{1000, 1000});
  drop_flock(folder.path() / "locks/000001.lock");
  EXPECT_EQ(refusal(folder.path()), "");
}

TEST(OutputLockTest, StoppedProcessKeepsItsLock) {
  const TempDir folder;
  Holder near(folder.path(), false);
  near.signal(SIGSTOP);
  EXPECT_NE(refusal(folder.path()), "");
  drop_flock(folder.path() / "locks/000001.lock");
  EXPECT_NE(refusal(folder.path()), "");
}

TEST(OutputLockTest, HolderOnAnotherHostIsAliveIfItsCounterGrows) {
  const TempDir folder;
  Holder far(folder.path(), true);
  const std::string with_flock = refusal(folder.path());
  EXPECT_NE(with_flock.find(kHost), std::string::npos) << with_flock;
  EXPECT_NE(with_flock.find("Slurm job 4321"), std::string::npos) << with_flock;
  far.end(SIGKILL);
  const auto start = steady_clock::now();
  EXPECT_EQ(refusal(folder.path()), "");
  EXPECT_GE(duration<double>(steady_clock::now() - start).count(), kFast.patience_seconds * 0.9);
}

TEST(OutputLockTest, OfManyObserversOneTakesOver) {
  const TempDir folder;
  Holder(folder.path(), true).end(SIGKILL);
  std::atomic<int> winners{0}, losers{0};
  std::vector<std::unique_ptr<OutputLock>> locks(8);
  std::vector<std::thread> observers;
  for (size_t i = 0; i < locks.size(); ++i) {
    observers.emplace_back([&, i] {
      LockHolder self = this_process();
      self.host = kHost + std::to_string(i);  // each with a temporary file of its own
      try {
        locks[i] = std::make_unique<OutputLock>(
            folder.path(), [](const std::string&) {}, self, kFast);
        ++winners;
      } catch (const Error& problem) {
        EXPECT_EQ(problem.kind(), ErrorKind::kInvalidSpec) << problem.what();
        ++losers;
      }
    });
  }
  for (auto& observer : observers) observer.join();
  EXPECT_EQ(winners, 1);
  EXPECT_EQ(losers, 7);
}

TEST(OutputLockTest, HolderThatWasConsideredDeadNoticesWhenItResumes) {
  const TempDir folder;
  Holder far(folder.path(), true);
  far.signal(SIGSTOP);
  drop_flock(folder.path() / "locks/000001.lock");
  EXPECT_EQ(refusal(folder.path()), "") << "its counter stood still and it had no flock";
  far.signal(SIGCONT);
  EXPECT_EQ(far.wait(), 7) << "it was told";
}

TEST(OutputLockTest, FileThatIsNotALockIsNamed) {
  const TempDir folder;
  { const OutputLock lock(folder.path()); }
  std::filesystem::resize_file(folder.path() / "locks/000001.lock", 3);
  try {
    const OutputLock lock(folder.path());
    FAIL();
  } catch (const Error& problem) {
    EXPECT_EQ(problem.kind(), ErrorKind::kStorage);
    EXPECT_NE(std::string(problem.what()).find("000001.lock: is not a lock file"),
              std::string::npos);
  }
}

}  // namespace
}  // namespace scgan::sweeps
