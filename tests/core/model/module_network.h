// A LibTorch module as a Network, for tests of the parts of networks.
#pragma once

#include <torch/nn/module.h>

#include "core/model/networks.h"

namespace scgan::testing {

class ModuleNetwork final : public Network {
 public:
  // The module must outlive this.
  explicit ModuleNetwork(torch::nn::Module& module) : module_(module) {}

  torch::nn::Module& module() override { return module_; }

 private:
  torch::nn::Module& module_;
};

}  // namespace scgan::testing
