// Weights and images by the formulas of published_values.py, and comparisons with its output.
#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/sin.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "core/model/networks.h"
#include "core/model/ssl_loss.h"

namespace scgan::testing {

inline constexpr double kTolerance = 1e-8;  // relative; the printed numbers have 12 digits

// Converts the network to float64 and sets its weights, which do not depend on the order of the
// tensors.
inline void fill(Network& network) {
  network.to_double();
  const at::NoGradGuard no_grad;
  const auto wave = [](const at::Tensor& t) {
    return at::sin(0.7 * at::arange(t.numel(), at::kDouble) + t.numel()).view(t.sizes());
  };
  for (auto& [name, tensor] : network.parameters()) {
    const bool scale = tensor.dim() == 1 && name.ends_with("weight");
    tensor.copy_(0.1 * wave(tensor) + (scale ? 1 : 0));
  }
  for (auto& [name, tensor] : network.buffers()) {
    if (name.ends_with("weight_u") || name.ends_with("weight_v")) {
      tensor.copy_(wave(tensor) / wave(tensor).norm());
    }
  }
}

inline at::Tensor images(int64_t size) {
  return at::sin(0.013 * at::arange(2 * 3 * size * size, at::kDouble)).view({2, 3, size, size});
}

inline void expect_close(double value, double expected) {
  EXPECT_NEAR(value, expected, kTolerance * std::abs(expected));
}

struct Numbers {
  double first;
  double sum;
  double square_sum;
};

inline void expect_numbers(const at::Tensor& tensor, const Numbers& expected) {
  EXPECT_EQ(tensor.scalar_type(), at::kDouble);
  expect_close(tensor.flatten()[0].item<double>(), expected.first);
  expect_close(tensor.sum().item<double>(), expected.sum);
  expect_close(tensor.square().sum().item<double>(), expected.square_sum);
}

// Squared norm of the network's gradient of mean(logits^2) + self-supervised loss.
inline double squared_gradient(Discriminator& network, const Discriminator::RealOutput& output) {
  (output.logits.square().mean() + SslLoss(LossSpec{})(output.reconstructions)).backward();
  double sum = 0;
  for (const auto& [name, parameter] : network.parameters()) {
    sum += parameter.grad().square().sum().item<double>();
  }
  return sum;
}

}  // namespace scgan::testing
