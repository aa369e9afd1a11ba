// The losses of the published procedure, pure functions that return a scalar.
#pragma once

#include <ATen/core/Tensor.h>

#include "core/spec/run_spec.h"

namespace scgan {

// LSGAN (Mao et al., ICCV 2017): mean over batch and positions of (D - 1)^2 for "real", D^2 for
// "fake".
at::Tensor lsgan_real(const at::Tensor& logits);
at::Tensor lsgan_fake(const at::Tensor& logits);

// Mean absolute difference over all elements: the cycle and identity losses before weighting.
at::Tensor l1(const at::Tensor& image, const at::Tensor& target);

// Effective weight of the identity loss: lambda_identity, multiplied by `lambda_cycle` in relative
// mode. lambda_cycle is lambda_b for |G_A(b) - b| and lambda_a for |G_B(a) - a|.
double identity_weight(const LossSpec& spec, double lambda_cycle);

// Weight of the self-supervised loss in step `step` (from 0): lambda_ssl, multiplied by
// (step + 1) / ssl_warmup_steps during the warm-up.
double ssl_weight(const LossSpec& spec, int64_t step);

}  // namespace scgan
