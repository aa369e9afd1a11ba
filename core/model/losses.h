// The losses, as pure functions of tensors. Each returns a scalar.
#pragma once

#include <ATen/core/Tensor.h>

#include "core/spec/run_spec.h"

namespace scgan {

// LSGAN (Mao et al., ICCV 2017): mean over batch and positions of (D - 1)^2 for "real", D^2 for
// "fake".
at::Tensor lsgan_real(const at::Tensor& logits);
at::Tensor lsgan_fake(const at::Tensor& logits);

// Mean absolute difference over all elements: cycle and identity loss before their weights.
at::Tensor l1(const at::Tensor& image, const at::Tensor& target);

// Effective weight of the identity loss: lambda_identity, times `lambda_cycle` in relative mode.
// |G_A(b) - b| goes with lambda_b, |G_B(a) - a| with lambda_a.
double identity_weight(const LossSpec& spec, double lambda_cycle);

// Weight of the self-supervised loss in step `step` (from 0): lambda_ssl, during the warm-up
// (step + 1) / ssl_warmup_steps of it.
double ssl_weight(const LossSpec& spec, int64_t step);

}  // namespace scgan
