#include "core/model/losses.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/l1_loss.h>

namespace scgan {

at::Tensor lsgan_real(const at::Tensor& logits) { return (logits - 1).square().mean(); }

at::Tensor lsgan_fake(const at::Tensor& logits) { return logits.square().mean(); }

at::Tensor l1(const at::Tensor& image, const at::Tensor& target) {
  return at::l1_loss(image, target);
}

double identity_weight(const LossSpec& spec, double lambda_cycle) {
  return spec.identity_mode == IdentityMode::kRelative ? spec.lambda_identity * lambda_cycle
                                                       : spec.lambda_identity;
}

double ssl_weight(const LossSpec& spec, int64_t step) {
  if (step >= spec.ssl_warmup_steps) return spec.lambda_ssl;
  return spec.lambda_ssl * static_cast<double>(step + 1) /
         static_cast<double>(spec.ssl_warmup_steps);
}

}  // namespace scgan
