#include "core/model/arithmetic.h"

#include <ATen/Context.h>
#include <ATen/cpu/Utils.h>

#include <algorithm>
#include <array>

namespace scgan {
namespace {

// Of this thread, since ranks may be threads.
thread_local bool computes_in_bf16 = false;

void allow_tf32(bool allowed) {
  at::globalContext().setAllowTF32CuBLAS(allowed);
  at::globalContext().setAllowTF32CuDNN(allowed);
}

}  // namespace

ScopedPrecision::ScopedPrecision(Precision precision) {
  computes_in_bf16 = precision == Precision::kBf16;
  if (precision == Precision::kTf32) allow_tf32(true);
}

ScopedPrecision::~ScopedPrecision() {
  computes_in_bf16 = false;
  allow_tf32(false);
}

at::Tensor to_network(const at::Tensor& images) {
  const at::Tensor typed = computes_in_bf16 ? images.to(at::kBFloat16) : images;
  return typed.is_cpu() ? typed.contiguous(at::MemoryFormat::ChannelsLast) : typed;
}

at::Tensor from_network(const at::Tensor& output) {
  return (output.scalar_type() == at::kBFloat16 ? output.to(at::kFloat) : output).contiguous();
}

at::Tensor in_type_of(const at::Tensor& x, const at::Tensor& parameter) {
  return parameter.defined() ? parameter.to(x.scalar_type()) : parameter;
}

bool cpu_has_bf16() {
  const auto capabilities = at::cpu::get_cpu_capabilities();
  return std::ranges::any_of(std::array{"avx512_bf16", "amx_bf16", "arm_bf16"}, [&](auto name) {
    const auto found = capabilities.find(name);
    return found != capabilities.end() && found->second.toBool();
  });
}

}  // namespace scgan
