// A generator that shows what it was given.
#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <vector>

#include "core/model/networks.h"

namespace scgan {

// Returns the negative of its input, and records the input.
class Negative final : public Generator {
 public:
  torch::nn::Module& module() override { return module_; }
  at::Tensor forward(const at::Tensor& images) override {
    seen.push_back(images.clone());
    return -images;
  }
  std::vector<at::Tensor> seen;

 private:
  torch::nn::Module module_;
};

}  // namespace scgan
