// A world of threads in one process: the Communicator for tests of what ranks do together.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>

#include <barrier>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "core/comm/communicator.h"
#include "core/model/determinism.h"

namespace scgan::testing {

class ThreadWorld {
 public:
  explicit ThreadWorld(int size) : barrier(size), slots(static_cast<size_t>(size)) {}
  std::barrier<> barrier;
  std::vector<at::Tensor> slots;  // what each rank offers in the present operation
};

class ThreadCommunicator final : public Communicator {
 public:
  ThreadCommunicator(ThreadWorld& world, int rank)
      : Communicator(rank, static_cast<int>(world.slots.size())), world_(world) {}

  void all_gather(const at::Tensor& mine, at::Tensor& all) override {
    exchange(mine, [&](const std::vector<at::Tensor>& slots) {
      const at::Tensor rows = all.view({size(), -1});
      for (int r = 0; r < size(); ++r) rows[r].copy_(slots[static_cast<size_t>(r)].view(-1));
    });
  }
  void all_to_all(const at::Tensor& shards, at::Tensor& mine) override {
    exchange(shards, [&](const std::vector<at::Tensor>& slots) {
      const at::Tensor rows = mine.view({size(), -1});
      for (int r = 0; r < size(); ++r) {
        rows[r].copy_(slots[static_cast<size_t>(r)].view({size(), -1})[rank()]);
      }
    });
  }
  void broadcast(at::Tensor& tensor, int root) override {
    exchange(tensor, [&](const std::vector<at::Tensor>& slots) {
      if (rank() != root) tensor.copy_(slots[static_cast<size_t>(root)]);
    });
  }
  void all_reduce_sum(at::Tensor& tensor) override {
    exchange(tensor.clone(), [&](const std::vector<at::Tensor>& slots) {
      tensor.zero_();
      for (const at::Tensor& slot : slots) tensor.add_(slot);
    });
  }
  void abort(const std::string&) override {
    throw std::logic_error("ranks that are threads cannot give up");
  }

 private:
  void exchange(const at::Tensor& mine,
                const std::function<void(const std::vector<at::Tensor>&)>& take) {
    const at::NoGradGuard no_grad;
    world_.slots[static_cast<size_t>(rank())] = mine;
    world_.barrier.arrive_and_wait();
    take(world_.slots);
    world_.barrier.arrive_and_wait();
  }

  ThreadWorld& world_;
};

// Runs `work` on `size` ranks and waits for all; the first exception is rethrown. A rank that
// throws while others wait for it would hang: work that is meant to throw must throw on every rank.
inline void on_ranks(int size, const std::function<void(Communicator&)>& work,
                     int threads_of_each = 1) {
  ThreadWorld world(size);
  std::vector<std::exception_ptr> problems(static_cast<size_t>(size));
  {
    std::vector<std::jthread> threads;
    for (int rank = 0; rank < size; ++rank) {
      threads.emplace_back([&, rank] {
        use_threads(threads_of_each);
        ThreadCommunicator communicator(world, rank);
        try {
          work(communicator);
        } catch (...) {
          problems[static_cast<size_t>(rank)] = std::current_exception();
        }
      });
    }
  }
  for (const auto& problem : problems) {
    if (problem) std::rethrow_exception(problem);
  }
}

}  // namespace scgan::testing
