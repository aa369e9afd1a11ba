// SoloCommunicator: the communicator of a run with a single rank.
#pragma once

#include <string>

#include "core/comm/communicator.h"

namespace scgan {

class SoloCommunicator final : public Communicator {
 public:
  SoloCommunicator() : Communicator(0, 1) {}

  void all_gather(const at::Tensor& mine, at::Tensor& all) override { all.copy_(mine); }
  void all_to_all(const at::Tensor& shards, at::Tensor& mine) override { mine.copy_(shards); }
  void broadcast(at::Tensor&, int) override {}
  void all_reduce_sum(at::Tensor&) override {}
  void abort(const std::string&) override {}
};

}  // namespace scgan
