#include "distributed/mpi_runtime.h"

#include <mpi.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <numeric>
#include <thread>

#include "core/base/error.h"
#include "core/base/exit_code.h"
#include "distributed/deadline.h"
#include "distributed/mpi_comm.h"

namespace scgan::distributed {
namespace {

constexpr auto kPollInterval = std::chrono::milliseconds(2);

// Ends the process unless it is destroyed within timeout_seconds(). For calls in which MPI itself
// waits for all ranks, so that nothing else can detect a lost one.
class MpiWatchdog {
 public:
  explicit MpiWatchdog(const char* what) {
    thread_ = std::thread([this, what, limit = std::chrono::duration<double>(timeout_seconds())] {
      std::unique_lock lock(mutex_);
      if (ended_.wait_for(lock, limit, [this] { return done_; })) return;
      std::fprintf(stderr, "MPI has not %s after %.0f s: a rank is lost or stuck\n", what,
                   limit.count());
      std::_Exit(kExitLost);
    });
  }
  ~MpiWatchdog() {
    {
      const std::scoped_lock lock(mutex_);
      done_ = true;
    }
    ended_.notify_one();
    thread_.join();
  }
  MpiWatchdog(const MpiWatchdog&) = delete;
  MpiWatchdog& operator=(const MpiWatchdog&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  bool done_ = false;
  std::thread thread_;
};

void wait(MPI_Request request, const char* operation) {
  const PendingWait pending(operation);
  for (int done = 0;;) {
    check_mpi(MPI_Test(&request, &done, MPI_STATUS_IGNORE), operation);
    if (done != 0) return;
    std::this_thread::sleep_for(kPollInterval);
  }
}

}  // namespace

MpiRuntime::MpiRuntime() {
  const MpiWatchdog watchdog("started");
  int provided = 0;
  check_mpi(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_MULTIPLE, &provided), "MPI_Init_thread");
  if (provided < MPI_THREAD_MULTIPLE) {
    throw Error(ErrorKind::kCommunication,
                "this MPI library does not support MPI_THREAD_MULTIPLE; use a build that does");
  }
  check_mpi(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  check_mpi(MPI_Comm_rank(MPI_COMM_WORLD, &rank_), "MPI_Comm_rank");
  check_mpi(MPI_Comm_size(MPI_COMM_WORLD, &size_), "MPI_Comm_size");
  MPI_Comm host = MPI_COMM_NULL;
  check_mpi(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &host),
            "MPI_Comm_split_type");
  const MpiComm owned(host);
  check_mpi(MPI_Comm_rank(host, &local_rank_), "MPI_Comm_rank");
}

MpiRuntime::~MpiRuntime() {
  const MpiWatchdog watchdog("ended");
  MPI_Finalize();
}

std::string MpiRuntime::host() const {
  std::array<char, MPI_MAX_PROCESSOR_NAME> name{};
  int length = 0;
  check_mpi(MPI_Get_processor_name(name.data(), &length), "MPI_Get_processor_name");
  return {name.data(), static_cast<size_t>(length)};
}

std::string MpiRuntime::library() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  check_mpi(MPI_Get_library_version(text.data(), &length), "MPI_Get_library_version");
  const std::string all(text.data(), static_cast<size_t>(length));
  return all.substr(0, all.find(','));
}

std::string MpiRuntime::broadcast(std::string text) const {
  const int length = broadcast(static_cast<int>(text.size()));
  text.resize(static_cast<size_t>(length));
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(MPI_Ibcast(text.data(), length, MPI_CHAR, 0, MPI_COMM_WORLD, &request), "MPI_Ibcast");
  wait(request, "broadcast of the job");
  return text;
}

int MpiRuntime::broadcast(int value) const {
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(MPI_Ibcast(&value, 1, MPI_INT, 0, MPI_COMM_WORLD, &request), "MPI_Ibcast");
  wait(request, "broadcast of the job");
  return value;
}

std::vector<std::string> MpiRuntime::gather(const std::string& text) const {
  constexpr const char* kOperation = "gather of the job";
  const auto count = static_cast<size_t>(size_);
  const int length = static_cast<int>(text.size());
  std::vector<int> lengths(count);
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(
      MPI_Iallgather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, MPI_COMM_WORLD, &request),
      "MPI_Iallgather");
  wait(request, kOperation);
  std::vector<int> begins(count, 0);
  std::partial_sum(lengths.begin(), lengths.end() - 1, begins.begin() + 1);
  std::string all(static_cast<size_t>(begins.back() + lengths.back()), '\0');
  check_mpi(MPI_Iallgatherv(text.data(), length, MPI_CHAR, all.data(), lengths.data(),
                            begins.data(), MPI_CHAR, MPI_COMM_WORLD, &request),
            "MPI_Iallgatherv");
  wait(request, kOperation);
  std::vector<std::string> texts;
  for (size_t rank = 0; rank < count; ++rank) {
    texts.push_back(
        all.substr(static_cast<size_t>(begins[rank]), static_cast<size_t>(lengths[rank])));
  }
  return texts;
}

void MpiRuntime::barrier() const {
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(MPI_Ibarrier(MPI_COMM_WORLD, &request), "MPI_Ibarrier");
  wait(request, "barrier of the job");
}

int MpiRuntime::largest(int value) const {
  int result = value;
  check_mpi(MPI_Allreduce(&value, &result, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD), "MPI_Allreduce");
  return result;
}

void MpiRuntime::abort(int exit_code) {
  MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::_Exit(exit_code);
}

}  // namespace scgan::distributed
