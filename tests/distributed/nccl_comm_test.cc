// NcclComm and NcclWatchdog with a scripted NCCL: this file defines the functions that they call,
// which take precedence over the libraries', to simulate a GPU and lost ranks on any machine.
#include "distributed/nccl_comm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "core/base/error.h"
#include "core/comm/communicator.h"
#include "distributed/deadline.h"
#include "distributed/nccl_watchdog.h"

namespace {

// What the scripted library returns, and the calls it has received.
struct Script {
  ncclResult_t init = ncclInProgress;
  // Results of ncclCommGetAsyncError; the last one repeats.
  std::vector<ncclResult_t> states;
  size_t asked = 0;
  // Whether the GPU has entered the operations that were queued, and left them.
  std::atomic<bool> begun = false, ended = false;
  std::atomic<intptr_t> events_made = 0;
  bool abort_hangs = false;
  const char* last_error = "the cable is out";
  std::atomic<bool> lost = false;
  int blocking = -1;
  std::vector<std::string> calls;
  std::atomic<bool> aborted = false;
};
Script script;

void reset() {
  script.init = ncclInProgress;
  script.states = {ncclSuccess};
  script.asked = 0;
  script.begun = script.ended = false;
  script.events_made = 0;
  script.abort_hangs = false;
  script.last_error = "the cable is out";
  script.blocking = -1;
  script.calls.clear();
  script.aborted = script.lost = false;
}

const auto kComm = reinterpret_cast<ncclComm_t>(&script);

}  // namespace

extern "C" {

ncclResult_t ncclCommInitRankConfig(ncclComm_t* comm, int, ncclUniqueId, int,
                                    ncclConfig_t* config) {
  script.blocking = config->blocking;
  *comm = script.init == ncclInProgress || script.init == ncclSuccess ? kComm : nullptr;
  return script.init;
}
ncclResult_t ncclCommGetAsyncError(ncclComm_t, ncclResult_t* state) {
  *state = script.lost ? ncclRemoteError
                       : script.states.at(std::min(script.asked, script.states.size() - 1));
  ++script.asked;
  return ncclSuccess;
}
ncclResult_t ncclCommFinalize(ncclComm_t) {
  script.calls.emplace_back("finalize");
  return ncclInProgress;
}
ncclResult_t ncclCommDestroy(ncclComm_t) {
  script.calls.emplace_back("destroy");
  return ncclSuccess;
}
ncclResult_t ncclCommAbort(ncclComm_t) {
  if (script.abort_hangs) std::this_thread::sleep_for(std::chrono::seconds(30));
  script.aborted = true;
  return ncclSuccess;
}
const char* ncclGetLastError(ncclComm_t) { return script.last_error; }

// Events are numbers. The watchdog makes two per operation: an odd one for its begin, an even one
// for its end.
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = reinterpret_cast<cudaEvent_t>(++script.events_made);
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t) { return cudaSuccess; }
cudaError_t cudaEventRecord(cudaEvent_t, cudaStream_t) { return cudaSuccess; }
cudaError_t cudaEventQuery(cudaEvent_t event) {
  const bool is_begin = reinterpret_cast<intptr_t>(event) % 2 == 1;
  return (is_begin ? script.begun : script.ended) ? cudaSuccess : cudaErrorNotReady;
}
cudaError_t cudaGetLastError() { return cudaSuccess; }
cudaError_t cudaSetDevice(int) { return cudaSuccess; }

}  // extern "C"

namespace scgan::distributed {
namespace {

class NcclCommTest : public ::testing::Test {
 protected:
  NcclCommTest() { reset(); }

  static NcclComm comm() { return {ncclUniqueId{}, 1, 4, 0.2}; }  // rank 1 of 4, 0.2 s
};

// The message of the Error(kCommunication) that `work` throws.
template <typename Work>
std::string error_of(const Work& work) {
  try {
    work();
  } catch (const Error& problem) {
    EXPECT_EQ(problem.kind(), ErrorKind::kCommunication);
    return problem.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

TEST_F(NcclCommTest, InitNeverBlocksAndWaitsUntilTheCommunicatorIsReady) {
  script.states = {ncclInProgress, ncclInProgress, ncclSuccess};
  NcclComm made = comm();
  EXPECT_EQ(script.blocking, 0);
  EXPECT_EQ(script.asked, 3U);
  made.close();
}

TEST_F(NcclCommTest, MissingPeersCauseAnErrorThatNamesRankAndSeconds) {
  script.states = {ncclInProgress};
  const std::string text = error_of([] { comm(); });
  EXPECT_NE(text.find("rank 1 of 4 waited 0 s in the start of a communicator"), std::string::npos)
      << text;
  EXPECT_TRUE(script.aborted);
}

TEST_F(NcclCommTest, FailedInitIsAnErrorAndAbortsNothing) {
  script.init = ncclInvalidUsage;
  const std::string text = error_of([] { comm(); });
  EXPECT_NE(text.find("the cable is out"), std::string::npos) << text;
  EXPECT_FALSE(script.aborted);
}

// The text of NCCL 2.28.
TEST_F(NcclCommTest, FailedAllocationInNcclIsAnOutOfMemoryError) {
  script.init = ncclUnhandledCudaError;
  script.last_error = "Failed to CUDA calloc async 4194304 bytes";
  try {
    comm();
    ADD_FAILURE() << "no error";
  } catch (const Error& problem) {
    EXPECT_EQ(problem.kind(), ErrorKind::kOutOfMemory) << problem.what();
  }
}

TEST_F(NcclCommTest, StateIsPolledEvenAfterACallReturnsSuccess) {
  NcclComm made = comm();
  script.asked = 0;
  script.states = {ncclInProgress, ncclSuccess};
  made.wait_until_enqueued(ncclSuccess, "all_gather");
  EXPECT_EQ(script.asked, 2U);
}

TEST_F(NcclCommTest, FailedCallNamesTheOperationAndTheRank) {
  NcclComm made = comm();
  const std::string text =
      error_of([&] { made.wait_until_enqueued(ncclSystemError, "all_gather"); });
  EXPECT_NE(text.find("all_gather failed in NCCL on rank 1 of 4"), std::string::npos) << text;
}

TEST_F(NcclCommTest, CloseFinalizesThenDestroysAndDoesNotAbort) {
  {
    NcclComm made = comm();
    made.close();
  }
  EXPECT_EQ(script.calls, (std::vector<std::string>{"finalize", "destroy"}));
  EXPECT_FALSE(script.aborted);
}

TEST_F(NcclCommTest, CloseWithoutTheOtherRanksEndsInAnAbort) {
  {
    NcclComm made = comm();
    script.states = {ncclInProgress};
    error_of([&] { made.close(); });
    EXPECT_FALSE(script.aborted);
  }
  EXPECT_EQ(script.calls, (std::vector<std::string>{"finalize"}));
  EXPECT_TRUE(script.aborted);
}

TEST_F(NcclCommTest, UnclosedCommunicatorIsAborted) {
  comm();
  EXPECT_TRUE(script.aborted);
}

TEST_F(NcclCommTest, HangingAbortDelaysTheDestructorForSecondsOnly) {
  const auto start = std::chrono::steady_clock::now();
  {
    const NcclComm made = comm();
    script.abort_hangs = true;
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(15));
  EXPECT_FALSE(script.aborted);
}

// The communicator of NcclCommTest, on GPU 0.
class NcclWatchdogTest : public NcclCommTest {
 protected:
  void enqueue(const char* operation) {
    watchdog_.enqueue(operation, [this] {
      ++calls_;
      return ncclInProgress;
    });
  }
  std::string error_of_settle() {
    return error_of([this] { watchdog_.settle(); });
  }
  // Of a wait that this rank reports, within a second.
  static std::string reported_wait() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    while (PendingWait::operation() == nullptr && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    const char* operation = PendingWait::operation();
    return operation == nullptr ? "none" : operation;
  }

  std::function<void()> throw_if_aborted_ = [] {};
  NcclComm comm_{ncclUniqueId{}, 1, 4, 0.2, [this] { throw_if_aborted_(); }};
  NcclWatchdog watchdog_{comm_, c10::Device(c10::kCUDA, 0), nullptr};
  int calls_ = 0;  // that were passed to NCCL
};

TEST_F(NcclWatchdogTest, OperationsAreQueuedWhileTheGpuIsBusy) {
  enqueue("all_gather");
  enqueue("broadcast");
  watchdog_.confirm();
  EXPECT_EQ(calls_, 2);
  EXPECT_EQ(PendingWait::operation(), nullptr) << "the GPU is busy, it does not wait";
  script.begun = script.ended = true;
  watchdog_.settle();
  EXPECT_FALSE(watchdog_.failed());
}

TEST_F(NcclWatchdogTest, AnOperationThatTheGpuWaitsInIsReportedUntilItEnds) {
  script.begun = true;
  enqueue("all_gather");
  EXPECT_EQ(reported_wait(), "all_gather");
  script.ended = true;
  watchdog_.settle();
  EXPECT_EQ(PendingWait::operation(), nullptr);
}

TEST_F(NcclWatchdogTest, EventsAreUsedAgain) {
  script.begun = script.ended = true;
  for (int i = 0; i < 5; ++i) {
    enqueue("all_gather");
    watchdog_.settle();
  }
  EXPECT_EQ(script.events_made, 2);
}

TEST_F(NcclWatchdogTest, StuckPeerEndsAnOperationAtTheDeadline) {
  script.begun = true;
  const auto start = std::chrono::steady_clock::now();
  enqueue("broadcast");
  const std::string text = error_of_settle();
  const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - start;
  EXPECT_NE(text.find("rank 1 of 4 waited 0 s in broadcast (NCCL)"), std::string::npos) << text;
  EXPECT_GT(waited.count(), 0.2);
  EXPECT_LT(waited.count(), 3);
  EXPECT_TRUE(script.aborted);
}

TEST_F(NcclWatchdogTest, TimeBeforeTheGpuReachesAnOperationDoesNotCount) {
  enqueue("broadcast");
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  watchdog_.confirm();
  script.begun = true;
  EXPECT_NE(error_of_settle().find("in broadcast"), std::string::npos);
}

TEST_F(NcclWatchdogTest, LostPeerEndsAnOperation) {
  script.begun = true;
  enqueue("broadcast");
  script.lost = true;
  const std::string text = error_of_settle();
  EXPECT_NE(text.find("broadcast failed in NCCL on rank 1 of 4"), std::string::npos) << text;
  EXPECT_TRUE(script.aborted);
}

// Nobody asks the watchdog, as when the host waits for the GPU inside CUDA.
TEST_F(NcclWatchdogTest, LostPeerEndsAnOperationWhileNobodyAsks) {
  script.begun = true;
  enqueue("broadcast");
  script.lost = true;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (!script.aborted && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_TRUE(script.aborted);
}

// NCCL's kernels end when they are aborted, without having received anything.
TEST_F(NcclWatchdogTest, AnAbortedOperationThatHasEndedIsNotConfirmed) {
  script.begun = true;
  enqueue("broadcast");
  script.lost = true;
  const std::string text = error_of_settle();
  script.ended = true;
  EXPECT_EQ(error_of([&] { watchdog_.confirm(); }), text);
  EXPECT_EQ(error_of([&] { enqueue("all_gather"); }), text);
  EXPECT_EQ(calls_, 1) << "an aborted communicator was used";
}

TEST_F(NcclWatchdogTest, AbortOfAnotherRankHasItsReason) {
  std::atomic<bool> other_aborted = false;
  throw_if_aborted_ = [&] {
    if (other_aborted) throw PeerAborted("no memory");
  };
  enqueue("broadcast");
  other_aborted = true;
  EXPECT_NE(error_of_settle().find("another rank aborted: no memory"), std::string::npos);
  EXPECT_TRUE(script.aborted);
}

TEST_F(NcclWatchdogTest, ACallThatNcclRefusesFailsTheCommunicator) {
  const std::string text =
      error_of([&] { watchdog_.enqueue("all_gather", [] { return ncclInvalidArgument; }); });
  EXPECT_NE(text.find("all_gather failed in NCCL on rank 1 of 4"), std::string::npos) << text;
  EXPECT_EQ(error_of_settle(), text);
  EXPECT_TRUE(script.aborted);
}

}  // namespace
}  // namespace scgan::distributed
