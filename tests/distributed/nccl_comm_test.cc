// NcclComm with a scripted NCCL: this file defines the functions that it calls, which take
// precedence over the library's, to simulate a GPU and lost ranks on any machine.
#include "distributed/nccl_comm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "core/base/error.h"

namespace {

// What the scripted library returns, and the calls it has received.
struct Script {
  ncclResult_t init = ncclInProgress;
  // Results of ncclCommGetAsyncError; the last one repeats.
  std::vector<ncclResult_t> states;
  size_t asked = 0;
  // Polls until the event is complete; -1: never.
  int event_after = 0;
  bool abort_hangs = false;
  const char* last_error = "the cable is out";
  int blocking = -1;
  std::vector<std::string> calls;
  std::atomic<bool> aborted = false;
};
Script script;

void reset() {
  script.init = ncclInProgress;
  script.states = {ncclSuccess};
  script.asked = 0;
  script.event_after = 0;
  script.abort_hangs = false;
  script.last_error = "the cable is out";
  script.blocking = -1;
  script.calls.clear();
  script.aborted = false;
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
  *state = script.states.at(std::min(script.asked, script.states.size() - 1));
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
cudaError_t cudaEventQuery(cudaEvent_t) {
  if (script.event_after < 0) return cudaErrorNotReady;
  return script.event_after-- == 0 ? cudaSuccess : cudaErrorNotReady;
}

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

TEST_F(NcclCommTest, WaitEndsWithTheEvent) {
  NcclComm made = comm();
  script.event_after = 3;
  made.wait(nullptr, "broadcast");
  EXPECT_EQ(script.event_after, -1);
}

TEST_F(NcclCommTest, LostPeerEndsAWaitWhoseEventNeverCompletes) {
  NcclComm made = comm();
  script.event_after = -1;
  script.asked = 0;
  script.states = {ncclSuccess, ncclSuccess, ncclRemoteError};
  const std::string text = error_of([&] { made.wait(nullptr, "broadcast"); });
  EXPECT_NE(text.find("broadcast failed in NCCL on rank 1 of 4"), std::string::npos) << text;
}

TEST_F(NcclCommTest, StuckPeerEndsAWaitAtTheDeadline) {
  NcclComm made = comm();
  script.event_after = -1;
  const auto start = std::chrono::steady_clock::now();
  const std::string text = error_of([&] { made.wait(nullptr, "broadcast"); });
  const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - start;
  EXPECT_NE(text.find("in broadcast (NCCL)"), std::string::npos) << text;
  EXPECT_GT(waited.count(), 0.2);
  EXPECT_LT(waited.count(), 3);
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

}  // namespace
}  // namespace scgan::distributed
