// On a GPU: NCCL among all ranks that mpirun starts. Ranks that share a GPU need NCCL 2.30 or later
// (docs/gpu.md); with an older one, and only then, these tests are skipped.
#include "distributed/nccl_communicator.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/ones.h>
#include <c10/cuda/CUDAFunctions.h>
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/comm/canonical_sum.h"
#include "core/comm/gradient_reducer.h"
#include "distributed/communicator_factory.h"
#include "distributed/mpi_communicator.h"
#include "tests/distributed/gpu_fixture.h"

namespace scgan::distributed {
namespace {

// NCCL among all ranks; nullptr if they share a GPU and this NCCL does not support it.
std::unique_ptr<Communicator> nccl_world(c10::Device device, double timeout_seconds) {
  MpiComm world = duplicate(MPI_COMM_WORLD);
  int size = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  if (size == 1) {  // the factory would return a SoloCommunicator
    return std::make_unique<NcclCommunicator>(std::make_unique<MpiCommunicator>(std::move(world)),
                                              device, timeout_seconds);
  }
  auto made = make_communicator(std::move(world), device, timeout_seconds);
  if (dynamic_cast<NcclCommunicator*>(made.get()) == nullptr) return nullptr;
  return made;
}

class NcclCommunicatorTest : public GpuTest {
 protected:
  void SetUp() override {
    GpuTest::SetUp();
    if (IsSkipped()) return;
    communicator_ = nccl_world(gpu_, 60);
    if (!communicator_) GTEST_SKIP() << "ranks share a GPU, which NCCL before 2.30 cannot";
  }
  int rank() const { return communicator_->rank(); }
  int size() const { return communicator_->size(); }
  at::TensorOptions on_gpu(at::ScalarType type) const {
    return at::TensorOptions(gpu_).dtype(type);
  }
  // The share of rank `i`: numbers whose sum depends on the order.
  static at::Tensor term(int64_t i) {
    return (at::arange(1 << 16, at::kFloat) * (i + 1)).sin() * 1e3F;
  }
  at::Tensor tree_by_hand() const {
    std::vector<at::Tensor> row;
    for (int i = 0; i < size(); ++i) row.push_back(term(i));
    while (row.size() > 1) {
      for (size_t i = 0; i < row.size() / 2; ++i) row[i] = row[2 * i] + row[2 * i + 1];
      row.resize(row.size() / 2);
    }
    return row[0];
  }

  std::unique_ptr<Communicator> communicator_;
};

TEST_F(NcclCommunicatorTest, AllGatherKeepsRankOrder) {
  const at::Tensor all =
      all_gather_rows(*communicator_, at::full({1, 3}, rank(), on_gpu(at::kFloat))).cpu();
  for (int r = 0; r < size(); ++r) EXPECT_EQ(all[r][2].item<int>(), r);
}

TEST_F(NcclCommunicatorTest, AllToAllSendsShardIToRankI) {
  const at::Tensor shards = at::arange(size(), on_gpu(at::kLong)) + 100 * rank();
  at::Tensor mine = at::empty({size()}, on_gpu(at::kLong));
  communicator_->all_to_all(shards, mine);
  for (int r = 0; r < size(); ++r) EXPECT_EQ(mine[r].item<int64_t>(), 100 * r + rank());
}

TEST_F(NcclCommunicatorTest, BroadcastTakesTheRootsValues) {
  at::Tensor tensor = at::full({5}, rank(), on_gpu(at::kDouble));
  communicator_->broadcast(tensor, size() - 1);
  EXPECT_TRUE(tensor.eq(size() - 1).all().item<bool>());
}

TEST_F(NcclCommunicatorTest, AllReduceSumsBothTypes) {
  for (const auto type : {at::kFloat, at::kDouble}) {
    at::Tensor tensor = at::full({7}, rank() + 1, on_gpu(type));
    communicator_->all_reduce_sum(tensor);
    EXPECT_TRUE(tensor.eq(size() * (size() + 1) / 2).all().item<bool>());
  }
}

TEST_F(NcclCommunicatorTest, TensorsInHostMemoryWorkToo) {
  const at::Tensor all = all_gather_rows(*communicator_, at::full({1}, rank(), at::kDouble));
  for (int r = 0; r < size(); ++r) EXPECT_EQ(all[r].item<int>(), r);
}

// The stand-in's NCCL allocates at the first exchange between two ranks, as the real one does.
TEST_F(NcclCommunicatorTest, AllocatesTheMemoryForExchangesInItsConstructor) {
  const at::Tensor shards = at::ones({size()}, on_gpu(at::kByte));
  at::Tensor mine = at::empty_like(shards);
  const auto free_memory = [] {
    size_t free = 0, total = 0;
    cudaMemGetInfo(&free, &total);
    return free;
  };
  const size_t before = free_memory();
  communicator_->all_to_all(shards, mine);
  communicator_->all_gather(shards.narrow(0, 0, 1), mine);
  EXPECT_EQ(free_memory(), before);
}

// Rank 0 queues all operations before the other ranks begin with theirs.
TEST_F(NcclCommunicatorTest, TheHostDoesNotWaitForOperations) {
  if (size() == 1) GTEST_SKIP() << "needs 2 or more ranks";
  const at::Tensor shards = at::arange(size(), on_gpu(at::kFloat)) + 100 * rank();
  at::Tensor mine = at::empty_like(shards);
  at::Tensor all = at::empty({size()}, on_gpu(at::kFloat));
  at::Tensor sum = at::full({1}, rank() + 1, on_gpu(at::kFloat));
  at::Tensor sent = at::full({1}, rank(), on_gpu(at::kFloat));
  if (rank() != 0) MPI_Barrier(MPI_COMM_WORLD);
  communicator_->all_to_all(shards, mine);
  communicator_->all_reduce_sum(sum);
  communicator_->broadcast(sent, size() - 1);
  communicator_->all_gather(sum, all);
  if (rank() == 0) MPI_Barrier(MPI_COMM_WORLD);
  communicator_->settle();
  EXPECT_EQ(mine[size() - 1].item<int>(), 100 * (size() - 1) + rank());
  EXPECT_EQ(sent.item<int>(), size() - 1);
  EXPECT_TRUE(all.eq(size() * (size() + 1) / 2).all().item<bool>());
}

TEST_F(NcclCommunicatorTest, SeesWhatTheCurrentStreamComputedBefore) {
  // The chain is so long that a copy that did not wait would read too early.
  at::Tensor value = at::full({1024, 1024}, 1.0 / 1024, on_gpu(at::kFloat));
  for (int i = 0; i < 50; ++i) value = value.matmul(at::full_like(value, 1.0 / 1024));
  at::Tensor sum = (value * 1024).slice(0, 0, 8).contiguous();
  communicator_->all_reduce_sum(sum);
  EXPECT_TRUE(at::allclose(sum.cpu(), at::full({8, 1024}, size(), at::kFloat)));
}

TEST_F(NcclCommunicatorTest, ReducerReturnsTheBitsOfTheTreeWhileTheCallerComputes) {
  GradientReducer reducer(*communicator_, Reduction::kCanonical);
  for (int round = 0; round < 3; ++round) {
    const at::Tensor flat = term(rank()).to(gpu_);
    reducer.start(flat);
    at::Tensor busy = at::ones({512, 512}, on_gpu(at::kFloat));
    for (int i = 0; i < 20; ++i) busy = busy.matmul(busy) / 512;
    reducer.finish();
    EXPECT_TRUE(at::equal(flat.cpu(), tree_by_hand()));
    EXPECT_TRUE(at::allclose(busy.cpu(), at::ones({512, 512})));
  }
}

TEST_F(NcclCommunicatorTest, ReducerPassesBucketsToNcclsAllReduce) {
  GradientReducer reducer(*communicator_, Reduction::kAllReduce, {4096, 65536});
  std::vector<at::Tensor> sums;
  for (int round = 0; round < 2; ++round) {
    sums.push_back(term(rank()).to(gpu_));
    reducer.start(sums.back());
    reducer.finish();
  }
  EXPECT_TRUE(at::equal(sums[0], sums[1]));  // the same bits in every step
  EXPECT_TRUE(at::allclose(sums[0].cpu(), tree_by_hand(), 1e-4, 1e-2));
}

TEST_F(NcclCommunicatorTest, CommunicatorsCanBeClosedAndCreatedAgain) {
  for (int round = 0; round < 3; ++round) {
    communicator_.reset();
    communicator_ = nccl_world(gpu_, 60);
    at::Tensor tensor = at::ones({3}, on_gpu(at::kFloat));
    communicator_->all_reduce_sum(tensor);
    EXPECT_TRUE(tensor.eq(size()).all().item<bool>());
  }
}

TEST_F(NcclCommunicatorTest, LostPeerIsAnErrorThatNamesTheOperation) {
  if (size() == 1) GTEST_SKIP() << "needs 2 or more ranks";
  {
    const auto with_timeout = nccl_world(gpu_, 2);
    at::Tensor tensor = at::ones({3}, on_gpu(at::kFloat));
    with_timeout->all_reduce_sum(tensor);  // connected
    if (rank() == 0) {
      try {
        with_timeout->all_reduce_sum(tensor);
        with_timeout->settle();
        ADD_FAILURE() << "an absent rank went unnoticed";
      } catch (const Error& problem) {
        EXPECT_EQ(problem.kind(), ErrorKind::kCommunication);
        const std::string text = problem.what();
        EXPECT_NE(text.find("s in all_reduce_sum (NCCL)"), std::string::npos) << text;
      }
    }
    MPI_Barrier(MPI_COMM_WORLD);
    with_timeout->abort("rank 0 has failed");  // otherwise the other ranks close it, in vain
  }
  at::Tensor tensor = at::ones({3}, on_gpu(at::kFloat));
  communicator_->all_reduce_sum(tensor);  // the other communicator still works
  EXPECT_TRUE(tensor.eq(size()).all().item<bool>());
}

// The error of a rank whose own thread waits for the whole GPU while the GPU waits for another
// rank; PeerAborted: its reason.
std::string error_while_gpu_waits(Communicator& communicator, c10::Device device) {
  GradientReducer reducer(communicator, Reduction::kCanonical);
  try {
    reducer.start(at::ones({1 << 16}, at::TensorOptions(device)));
    c10::cuda::device_synchronize();
    reducer.finish();
  } catch (const PeerAborted& problem) {
    return problem.reason();
  } catch (const Error& problem) {
    return problem.what();
  }
  return "nothing";
}

TEST_F(NcclCommunicatorTest, AbortReachesARankThatWaitsForItsGpu) {
  if (size() == 1) GTEST_SKIP() << "needs 2 or more ranks";
  {
    const auto aborted = nccl_world(gpu_, 60);
    if (rank() == 0) {
      aborted->abort("no memory");
    } else {
      EXPECT_EQ(error_while_gpu_waits(*aborted, gpu_), "no memory");
    }
  }
  at::Tensor tensor = at::ones({3}, on_gpu(at::kFloat));
  communicator_->all_reduce_sum(tensor);  // the other communicator still works
  EXPECT_TRUE(tensor.eq(size()).all().item<bool>());
}

TEST_F(NcclCommunicatorTest, AbortReachesOperationsOnGpuAndHost) {
  if (size() == 1) GTEST_SKIP() << "needs 2 or more ranks";
  for (const bool on_host : {false, true}) {
    const auto aborted = nccl_world(gpu_, 60);
    if (rank() == 0) {
      aborted->abort("no memory");
      continue;
    }
    const at::Tensor mine = on_host ? at::ones({4}) : at::ones({4}, on_gpu(at::kFloat));
    try {
      all_gather_rows(*aborted, mine);
      aborted->settle();
      ADD_FAILURE() << "the abort went unnoticed";
    } catch (const PeerAborted& problem) {
      EXPECT_EQ(problem.reason(), "no memory");
    }
  }
}

// The host reads a result that the GPU never received.
TEST_F(NcclCommunicatorTest, AbortedOperationEndsAndIsNotConfirmed) {
  if (size() == 1) GTEST_SKIP() << "needs 2 or more ranks";
  const auto aborted = nccl_world(gpu_, 60);
  if (rank() == 0) {
    aborted->abort("no memory");
    return;
  }
  at::Tensor tensor = at::ones({3}, on_gpu(at::kFloat));
  aborted->all_reduce_sum(tensor);
  EXPECT_FALSE(tensor.cpu().eq(size()).any().item<bool>());
  const auto expect_abort = [](const std::function<void()>& act) {
    try {
      act();
      ADD_FAILURE() << "the abort went unnoticed";
    } catch (const PeerAborted& problem) {
      EXPECT_EQ(problem.reason(), "no memory");
    }
  };
  expect_abort([&] { aborted->confirm(); });
  expect_abort([&] { aborted->all_reduce_sum(tensor); });
  at::Tensor read = tensor.cpu();
  expect_abort([&] { aborted->broadcast(read, 1); });
}

TEST_F(NcclCommunicatorTest, RankThatWaitsForItsGpuReturnsAtTheDeadline) {
  if (size() == 1) GTEST_SKIP() << "needs 2 or more ranks";
  const auto with_timeout = nccl_world(gpu_, 2);
  if (rank() == 0) {
    const std::string text = error_while_gpu_waits(*with_timeout, gpu_);
    EXPECT_NE(text.find("s in all_to_all (NCCL)"), std::string::npos) << text;
  }
  MPI_Barrier(MPI_COMM_WORLD);
  with_timeout->abort("rank 0 has failed");  // otherwise the other ranks close it, in vain
}

}  // namespace
}  // namespace scgan::distributed
