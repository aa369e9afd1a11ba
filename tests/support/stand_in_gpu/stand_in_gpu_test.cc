// The stand-in GPU detects the mistakes that a real one would expose: code that does not wait reads
// old bytes, the host cannot read the GPU's memory, misuse of NCCL is an error. Runs with the
// stand-in preloaded.
#include <ATen/ATen.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <cuda_runtime_api.h>
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nccl.h>

#include <array>
#include <cmath>
#include <csignal>
#include <functional>
#include <future>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/stand_in_gpu/counts.h"

namespace scgan::stand_in {
namespace {

using testing::HasSubstr;

const at::TensorOptions kOnGpu = at::TensorOptions(c10::Device(at::kCUDA, 0)).dtype(at::kFloat);

std::string error_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const std::exception& problem) {
    return problem.what();
  }
  return "no error";
}

// Blocks a stream until it is released.
class StreamBlocker {
 public:
  explicit StreamBlocker(cudaStream_t stream) {
    EXPECT_EQ(cudaStreamAddCallback(stream, &StreamBlocker::wait, this, 0), cudaSuccess);
  }
  ~StreamBlocker() {
    release();
    passed_.get_future().wait();
  }
  StreamBlocker(const StreamBlocker&) = delete;
  StreamBlocker& operator=(const StreamBlocker&) = delete;

  void release() {
    if (!std::exchange(released_, true)) go_.set_value();
  }

 private:
  static void wait(cudaStream_t, cudaError_t, void* self) {
    auto* blocker = static_cast<StreamBlocker*>(self);
    blocker->go_.get_future().wait();
    blocker->passed_.set_value();
  }

  std::promise<void> go_, passed_;
  bool released_ = false;
};

cudaStream_t current() { return c10::cuda::getCurrentCUDAStream().stream(); }

// The first number of a tensor, copied on another stream, after `awaited` unless it is nullptr.
float read_on_other_stream(const at::Tensor& tensor, cudaEvent_t awaited) {
  cudaStream_t other = nullptr;
  cudaStreamCreateWithPriority(&other, cudaStreamNonBlocking, 0);
  if (awaited != nullptr) cudaStreamWaitEvent(other, awaited, 0);
  float value = 0;
  cudaMemcpyAsync(&value, tensor.const_data_ptr(), sizeof value, cudaMemcpyDeviceToHost, other);
  cudaStreamSynchronize(other);
  cudaStreamDestroy(other);
  return value;
}

TEST(StandInGpuTest, ComputesLikeTheCpu) {
  const at::Tensor images = at::rand({2, 3, 16, 16}).requires_grad_();
  const at::Tensor filters = at::rand({4, 3, 3, 3});
  const auto loss = [&](c10::Device device) {
    const at::Tensor here = images.detach().to(device).requires_grad_();
    at::conv2d(here, filters.to(device)).relu().square().mean().backward();
    return here.grad().cpu();
  };
  EXPECT_TRUE(at::equal(loss(c10::Device(at::kCUDA, 0)), loss(at::kCPU)));
}

TEST(StandInGpuTest, AReadThatDoesNotWaitReturnsTheOldValue) {
  at::Tensor tensor = at::zeros({4}, kOnGpu);
  cudaDeviceSynchronize();
  cudaEvent_t filled = nullptr;
  cudaEventCreateWithFlags(&filled, cudaEventDisableTiming);
  StreamBlocker blocker(current());
  tensor.fill_(7);
  cudaEventRecord(filled, current());
  EXPECT_EQ(cudaEventQuery(filled), cudaErrorNotReady);
  EXPECT_EQ(read_on_other_stream(tensor, nullptr), 0);
  blocker.release();
  EXPECT_EQ(read_on_other_stream(tensor, filled), 7);
  EXPECT_EQ(cudaEventQuery(filled), cudaSuccess);
  cudaEventDestroy(filled);
}

TEST(StandInGpuTest, NewMemoryIsNan) {
  void* memory = nullptr;
  ASSERT_EQ(cudaMalloc(&memory, 64), cudaSuccess);
  std::array<float, 16> values{};
  cudaMemcpy(values.data(), memory, 64, cudaMemcpyDeviceToHost);
  for (const float value : values) EXPECT_TRUE(std::isnan(value));
  EXPECT_EQ(cudaFree(memory), cudaSuccess);
}

TEST(StandInGpuDeathTest, TheHostCannotReadTheGpusMemory) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const at::Tensor tensor = at::ones({4}, kOnGpu);
  EXPECT_EXIT(static_cast<void>(*static_cast<const volatile float*>(tensor.const_data_ptr())),
              testing::KilledBySignal(SIGSEGV), "");
}

TEST(StandInGpuTest, TensorsOnDifferentDevicesAreAnError) {
  const at::Tensor here = at::ones({4}, kOnGpu);
  EXPECT_THAT(error_of([&] { static_cast<void>(here + at::ones({4})); }),
              HasSubstr("expected all tensors on cuda:0, found one on cpu"));
  EXPECT_EQ((here + at::scalar_tensor(1)).sum().item<float>(), 8);
}

TEST(StandInGpuTest, NondeterministicKernelsThrowWhenDeterminismIsRequested) {
  const auto run = [] {
    const at::Tensor rows = at::ones({1, 1, 8}, kOnGpu).requires_grad_();
    at::reflection_pad1d(rows, {1, 1}).sum().backward();
  };
  EXPECT_EQ(error_of(run), "no error");
  at::globalContext().setDeterministicAlgorithms(true, false);
  EXPECT_THAT(error_of(run), HasSubstr("reflection_pad1d_backward does not have a deterministic"));
  at::globalContext().setDeterministicAlgorithms(false, false);
}

TEST(StandInGpuTest, CountsWaitsAndPageableCopies) {
  const auto count =
      reinterpret_cast<void (*)(Counts*)>(dlsym(RTLD_DEFAULT, "scgan_stand_in_counts"));
  ASSERT_NE(count, nullptr);
  // Synchronisations, event waits and pageable copies that `act` makes.
  const auto made_by = [&](const std::function<void()>& act) {
    Counts before, after;
    count(&before);
    act();
    count(&after);
    return std::array<int64_t, 3>{after.synchronisations - before.synchronisations,
                                  after.event_waits - before.event_waits,
                                  after.pageable_copies - before.pageable_copies};
  };
  using Made = std::array<int64_t, 3>;
  const at::Tensor here = at::ones({4}, kOnGpu);
  const at::Tensor pinned = at::ones({4}).pin_memory();
  at::Tensor pageable = at::ones({4});
  EXPECT_EQ(made_by([&] { here.add_(1).mul_(2); }), (Made{0, 0, 0}));
  EXPECT_EQ(made_by([&] { pinned.to(here.device(), /*non_blocking=*/true); }), (Made{0, 0, 0}));
  EXPECT_EQ(made_by([&] { pinned.to(here.device()); }), (Made{1, 0, 0}));
  EXPECT_EQ(made_by([&] { pageable.to(here.device(), /*non_blocking=*/true); }), (Made{0, 0, 1}));
  EXPECT_EQ(made_by([&] { pageable.copy_(here); }), (Made{1, 0, 1}));
  EXPECT_EQ(made_by([&] { here[0].item<float>(); }), (Made{1, 0, 0}));
  EXPECT_EQ(made_by([&] { here.nonzero(); }), (Made{1, 0, 0}));
  EXPECT_EQ(made_by([&] { cudaDeviceSynchronize(); }), (Made{1, 0, 0}));
  cudaEvent_t event = nullptr;
  cudaEventCreateWithFlags(&event, cudaEventDisableTiming);
  cudaEventRecord(event, current());
  EXPECT_EQ(made_by([&] { cudaEventSynchronize(event); }), (Made{0, 1, 0}));
  StreamBlocker blocker(current());
  cudaEventRecord(event, current());
  const auto ask = [&](int times) {
    for (int i = 0; i < times; ++i) EXPECT_EQ(cudaEventQuery(event), cudaErrorNotReady);
  };
  EXPECT_EQ(made_by([&] { ask(5); }), (Made{0, 0, 0}));
  EXPECT_EQ(made_by([&] { ask(100); }), (Made{0, 1, 0}));
  blocker.release();
  cudaEventSynchronize(event);
  cudaEventDestroy(event);
}

TEST(StandInGpuTest, AllocatingMoreThanTheMemoryThrows) {
  EXPECT_THROW(at::empty({int64_t{1} << 32}, kOnGpu), c10::OutOfMemoryError);
}

// As LibTorch does on a GPU (aten/src/ATen/native/cudnn/Conv_v8.cpp): it silently uses another
// algorithm, and keeps it when memory is free again.
TEST(StandInGpuTest, AConvolutionWithoutAWorkspaceSwitchesAlgorithmAndKeepsIt) {
  const at::Tensor images = at::rand({1, 3, 16, 16}, kOnGpu);
  const at::Tensor filters = at::rand({4, 3, 3, 3}, kOnGpu);
  const auto result = [&] { return at::conv2d(images, filters).cpu(); };
  const at::Tensor expected = result();
  setenv("SCGAN_STAND_IN_WORKSPACE_MIB", "100", 1);
  EXPECT_TRUE(at::equal(result(), expected));
  setenv("SCGAN_STAND_IN_WORKSPACE_MIB", "1000000", 1);
  const at::Tensor switched = result();
  EXPECT_FALSE(at::equal(switched, expected));
  EXPECT_TRUE(at::allclose(switched, expected));
  setenv("SCGAN_STAND_IN_WORKSPACE_MIB", "100", 1);
  EXPECT_TRUE(at::equal(result(), switched));
  unsetenv("SCGAN_STAND_IN_WORKSPACE_MIB");
}

// Two ranks of NCCL in one process, with a thread and a GPU each.
class Pair {
 public:
  Pair() {
    ncclGetUniqueId(&id_);
    both([this](int rank) {
      ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
      config.blocking = 0;
      EXPECT_EQ(ncclCommInitRankConfig(&comms_[rank], 2, id_, rank, &config), ncclInProgress);
      EXPECT_EQ(enqueued(rank), ncclSuccess);
      cudaStreamCreateWithPriority(&streams_[rank], cudaStreamNonBlocking, 0);
      cudaMalloc(&memory_[rank], 1 << 10);
    });
  }
  ~Pair() {
    both([this](int rank) {
      ncclCommAbort(comms_[rank]);
      cudaStreamDestroy(streams_[rank]);
      cudaFree(memory_[rank]);
    });
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  ncclResult_t enqueued(int rank) {
    ncclResult_t state = ncclInProgress;
    while (state == ncclInProgress) ncclCommGetAsyncError(comms_[rank], &state);
    return state;
  }
  ncclResult_t all_reduce(int rank, size_t count) {
    return ncclAllReduce(memory_[rank], memory_[rank], count, ncclFloat32, ncclSum, comms_[rank],
                         streams_[rank]);
  }
  // Waits until the GPU is done or an error occurs.
  ncclResult_t completed(int rank) {
    ncclResult_t state = ncclSuccess;
    while (cudaStreamQuery(streams_[rank]) != cudaSuccess &&
           (state == ncclSuccess || state == ncclInProgress)) {
      ncclCommGetAsyncError(comms_[rank], &state);
    }
    return state;
  }
  std::string text(int rank) const { return ncclGetLastError(comms_[rank]); }

  static void both(const std::function<void(int)>& act) {
    std::vector<std::thread> threads;
    for (int rank = 0; rank < 2; ++rank) {
      threads.emplace_back([&act, rank] {
        cudaSetDevice(rank);
        act(rank);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }

 private:
  ncclUniqueId id_{};
  std::array<ncclComm_t, 2> comms_{};
  std::array<cudaStream_t, 2> streams_{};
  std::array<void*, 2> memory_{};
};

TEST(StandInNcclTest, ACallBeforeThePreviousOneIsEnqueuedIsAnError) {
  Pair pair;
  Pair::both([&](int rank) {
    EXPECT_EQ(pair.all_reduce(rank, 4), ncclInProgress);
    EXPECT_EQ(pair.all_reduce(rank, 4), ncclInvalidUsage);
  });
}

TEST(StandInNcclTest, DifferentOperationsOnTwoRanksAreAnError) {
  Pair pair;
  Pair::both([&](int rank) {
    EXPECT_EQ(pair.all_reduce(rank, 4), ncclInProgress);
    EXPECT_EQ(pair.enqueued(rank), ncclSuccess);
    EXPECT_EQ(pair.completed(rank), ncclSuccess);
    EXPECT_EQ(pair.all_reduce(rank, rank == 0 ? 4 : 8), ncclInProgress);
    EXPECT_EQ(pair.completed(rank), ncclRemoteError);
    EXPECT_THAT(pair.text(rank), HasSubstr("operation 2 of kind 2 with"));
  });
}

TEST(StandInNcclTest, TwoRanksOnOneGpuAreAnError) {
  ncclUniqueId id;
  ncclGetUniqueId(&id);
  Pair::both([&](int rank) {
    cudaSetDevice(0);
    ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
    config.blocking = 0;
    ncclComm_t comm = nullptr;
    ncclCommInitRankConfig(&comm, 2, id, rank, &config);
    ncclResult_t state = ncclInProgress;
    while (state == ncclInProgress) ncclCommGetAsyncError(comm, &state);
    EXPECT_EQ(state, ncclInvalidUsage);
    EXPECT_STREQ(ncclGetLastError(comm), "Duplicate GPU detected");
    ncclCommAbort(comm);
  });
}

}  // namespace
}  // namespace scgan::stand_in
