// Stream capture on the stand-in GPU: what is captured runs only when the graph is launched, in any
// order that its dependencies allow, and calls that CUDA forbids fail as with CUDA. Runs with the
// stand-in preloaded.
#include <ATen/ATen.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGuard.h>
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <thread>

namespace scgan::stand_in {
namespace {

const at::TensorOptions kCapturedOnGpu =
    at::TensorOptions(c10::Device(at::kCUDA, 0)).dtype(at::kFloat);

class StandInCaptureTest : public ::testing::Test {
 protected:
  StandInCaptureTest() {
    at::ones({1}, kCapturedOnGpu);  // starts LibTorch's allocator
    cudaStreamCreateWithPriority(&stream_, cudaStreamNonBlocking, 0);
    cudaStreamCreateWithPriority(&other_, cudaStreamNonBlocking, 0);
    cudaEventCreateWithFlags(&event_, cudaEventDisableTiming);
    cudaEventCreateWithFlags(&back_, cudaEventDisableTiming);
    cudaMalloc(&memory_, 3 * sizeof(float));
  }
  ~StandInCaptureTest() override {
    cudaFree(memory_);
    cudaEventDestroy(back_);
    cudaEventDestroy(event_);
    cudaStreamDestroy(other_);
    cudaStreamDestroy(stream_);
  }

  void begin(cudaStreamCaptureMode mode = cudaStreamCaptureModeThreadLocal) {
    ASSERT_EQ(cudaStreamBeginCapture(stream_, mode), cudaSuccess);
  }
  cudaError_t end() {
    cudaGraph_t graph = nullptr;
    const cudaError_t status = cudaStreamEndCapture(stream_, &graph);
    EXPECT_EQ(status == cudaSuccess, graph != nullptr);
    if (graph == nullptr) return status;
    EXPECT_EQ(cudaGraphInstantiate(&graph_, graph, 0), cudaSuccess);
    cudaGraphDestroy(graph);
    return status;
  }
  void launch() {
    ASSERT_EQ(cudaGraphLaunch(graph_, stream_), cudaSuccess);
    cudaStreamSynchronize(stream_);
  }
  // The begin of a capture, `call`, and the result of the end of the capture after it.
  cudaError_t end_after(const std::function<void()>& call) {
    begin();
    call();
    return end();
  }

  float* at(int index) const { return static_cast<float*>(memory_) + index; }
  float value(int index) const {
    float read = 0;
    cudaMemcpy(&read, at(index), sizeof read, cudaMemcpyDeviceToHost);
    return read;
  }
  void copy(int to, int from, cudaStream_t stream) const {
    cudaMemcpyAsync(at(to), at(from), sizeof(float), cudaMemcpyDeviceToDevice, stream);
  }
  void set(int index, float number) const {
    cudaMemcpy(at(index), &number, sizeof number, cudaMemcpyHostToDevice);
  }

  cudaStream_t stream_ = nullptr, other_ = nullptr;
  cudaEvent_t event_ = nullptr, back_ = nullptr;
  cudaGraphExec_t graph_ = nullptr;
  void* memory_ = nullptr;
};

TEST_F(StandInCaptureTest, RunsAtEveryLaunchAndNotBefore) {
  set(0, 1);
  set(1, 2);
  begin();
  copy(1, 0, stream_);
  ASSERT_EQ(end(), cudaSuccess);
  EXPECT_EQ(value(1), 2);
  for (const float number : {3.0F, 4.0F}) {
    set(0, number);
    launch();
    EXPECT_EQ(value(1), number);
  }
  cudaGraphExecDestroy(graph_);
}

TEST_F(StandInCaptureTest, OtherStreamsTakePartFromAnEventToAnEvent) {
  begin();
  cudaEventRecord(event_, stream_);
  cudaStreamWaitEvent(other_, event_, 0);
  copy(1, 0, other_);
  cudaEventRecord(back_, other_);
  cudaStreamWaitEvent(stream_, back_, 0);
  copy(2, 1, stream_);
  ASSERT_EQ(end(), cudaSuccess);
  for (int launched = 1; launched <= 20; ++launched) {  // the order changes
    set(0, static_cast<float>(launched));
    launch();
    EXPECT_EQ(value(2), static_cast<float>(launched));
  }
  cudaGraphExecDestroy(graph_);
  // The streams are as before.
  copy(1, 0, other_);
  cudaStreamSynchronize(other_);
  EXPECT_EQ(value(1), 20);
}

TEST_F(StandInCaptureTest, BranchesWithoutAnEventBetweenThemRunInAnyOrder) {
  begin();
  cudaEventRecord(event_, stream_);
  cudaStreamWaitEvent(other_, event_, 0);
  copy(1, 0, other_);
  cudaEventRecord(back_, other_);
  copy(2, 1, stream_);  // before the stream waits for the other one
  cudaStreamWaitEvent(stream_, back_, 0);
  ASSERT_EQ(end(), cudaSuccess);
  int stale = 0;
  for (int launched = 1; launched <= 20; ++launched) {
    set(0, static_cast<float>(launched));
    launch();
    stale += value(2) == static_cast<float>(launched) ? 0 : 1;
  }
  EXPECT_GT(stale, 0);
  EXPECT_LT(stale, 20);
  cudaGraphExecDestroy(graph_);
}

TEST_F(StandInCaptureTest, ABranchThatIsNotJoinedIsAnError) {
  begin();
  cudaEventRecord(event_, stream_);
  cudaStreamWaitEvent(other_, event_, 0);
  copy(1, 0, other_);
  EXPECT_EQ(end(), cudaErrorStreamCaptureUnjoined);
}

TEST_F(StandInCaptureTest, WaitsAndAllocationsAreErrorsThatInvalidateTheCapture) {
  void* more = nullptr;
  float on_stack = 0;
  const std::array<std::function<cudaError_t()>, 8> calls{
      [&] { return cudaStreamSynchronize(stream_); },
      [&] { return cudaStreamQuery(stream_); },
      [&] { return cudaDeviceSynchronize(); },
      [&] { return cudaEventQuery(back_); },
      [&] { return cudaEventSynchronize(back_); },
      [&] { return cudaMalloc(&more, 8); },
      [&] { return cudaHostAlloc(&more, 8, 0); },
      [&] { return cudaMemcpyAsync(at(0), &on_stack, 4, cudaMemcpyHostToDevice, stream_); }};
  for (size_t i = 0; i < calls.size(); ++i) {
    EXPECT_EQ(end_after([&] { EXPECT_EQ(calls.at(i)(), cudaErrorStreamCaptureUnsupported) << i; }),
              cudaErrorStreamCaptureInvalidated)
        << i;
  }
  // An event from outside the capture.
  cudaEventRecord(event_, other_);
  EXPECT_EQ(end_after([&] {
              EXPECT_EQ(cudaStreamWaitEvent(stream_, event_, 0), cudaErrorStreamCaptureIsolation);
            }),
            cudaErrorStreamCaptureInvalidated);
  // An event of the capture.
  begin();
  cudaEventRecord(event_, stream_);
  EXPECT_EQ(cudaEventQuery(event_), cudaErrorCapturedEvent);
  EXPECT_EQ(end(), cudaSuccess);
  cudaGraphExecDestroy(graph_);
  EXPECT_EQ(cudaStreamBeginCapture(nullptr, cudaStreamCaptureModeRelaxed),
            cudaErrorStreamCaptureUnsupported);
  cudaGetLastError();
}

TEST_F(StandInCaptureTest, OnlyTheGlobalModeForbidsCallsOfOtherThreads) {
  for (const auto mode : {cudaStreamCaptureModeGlobal, cudaStreamCaptureModeThreadLocal}) {
    begin(mode);
    cudaError_t status = cudaSuccess;
    std::thread([&] {
      void* more = nullptr;
      status = cudaMalloc(&more, 8);
      if (status == cudaSuccess) cudaFree(more);
    }).join();
    const bool forbidden = mode == cudaStreamCaptureModeGlobal;
    EXPECT_EQ(status, forbidden ? cudaErrorStreamCaptureUnsupported : cudaSuccess);
    EXPECT_EQ(end(), forbidden ? cudaErrorStreamCaptureInvalidated : cudaSuccess);
    if (!forbidden) cudaGraphExecDestroy(graph_);
  }
}

// Tensors that LibTorch's kernels return hold nothing before a launch, and read what the memory of
// their arguments holds at every launch.
TEST_F(StandInCaptureTest, LibTorchsKernelsComputeAtEveryLaunch) {
  const at::Tensor given = at::ones({3}, kCapturedOnGpu);
  const auto mine = c10::cuda::getStreamFromPool();
  const auto pool = c10::MempoolId_t{0, 1000};
  at::Tensor result;
  {
    const c10::cuda::CUDAStreamGuard guard(mine);
    c10::cuda::CUDACachingAllocator::beginAllocateToPool(
        0, pool, [&](cudaStream_t s) { return s == mine.stream(); });
    ASSERT_EQ(cudaStreamBeginCapture(mine.stream(), cudaStreamCaptureModeThreadLocal), cudaSuccess);
    result = (given * 2).index_select(0, at::zeros({2}, kCapturedOnGpu.dtype(at::kLong)).add_(1));
    EXPECT_THROW(given.sum().item<float>(), c10::Error);
    cudaGraph_t graph = nullptr;
    EXPECT_EQ(cudaStreamEndCapture(mine.stream(), &graph), cudaErrorStreamCaptureInvalidated);
    cudaGetLastError();
    ASSERT_EQ(cudaStreamBeginCapture(mine.stream(), cudaStreamCaptureModeThreadLocal), cudaSuccess);
    result = (given * 2).index_select(0, at::zeros({2}, kCapturedOnGpu.dtype(at::kLong)).add_(1));
    ASSERT_EQ(cudaStreamEndCapture(mine.stream(), &graph), cudaSuccess);
    c10::cuda::CUDACachingAllocator::endAllocateToPool(0, pool);
    ASSERT_EQ(cudaGraphInstantiate(&graph_, graph, 0), cudaSuccess);
    cudaGraphDestroy(graph);
  }
  EXPECT_TRUE(result.isnan().all().item<bool>());
  for (const float number : {1.0F, 5.0F}) {
    given.fill_(number);
    cudaGraphLaunch(graph_, c10::cuda::getCurrentCUDAStream().stream());
    EXPECT_TRUE(at::equal(result.cpu(), at::full({2}, 2 * number)));
  }
  cudaGraphExecDestroy(graph_);
  result = at::Tensor();
  c10::cuda::CUDACachingAllocator::releasePool(0, pool);
}

}  // namespace
}  // namespace scgan::stand_in
