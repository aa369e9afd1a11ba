#include "core/model/arithmetic.h"

#include <ATen/Context.h>
#include <ATen/core/Tensor.h>
#include <ATen/cpu/Utils.h>

#include <algorithm>
#include <initializer_list>

namespace scgan {
namespace {

// Of this thread, since ranks may be threads.
thread_local bool computes_in_bf16 = false;
thread_local bool computes_in_tf32 = false;

// The tensor cores of GPUs, which compute bfloat16 and TF32, read channels_last. cuDNN converts
// what it gets in another format, and what it returns; for float32, it has kernels for both.
at::MemoryFormat format_for(const at::Tensor& images) {
  const bool pays = images.is_cpu() || computes_in_bf16 || computes_in_tf32;
  return pays ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
}

void allow_tf32(bool allowed) {
  at::globalContext().setAllowTF32CuBLAS(allowed);
  at::globalContext().setAllowTF32CuDNN(allowed);
}

bool cpu_has_any(std::initializer_list<const char*> names) {
  const auto capabilities = at::cpu::get_cpu_capabilities();
  return std::ranges::any_of(names, [&](const char* name) {
    const auto found = capabilities.find(name);
    return found != capabilities.end() && found->second.toBool();
  });
}

}  // namespace

ScopedPrecision::ScopedPrecision(Precision precision)
    : former_bf16_(computes_in_bf16), former_tf32_(computes_in_tf32) {
  computes_in_bf16 = precision == Precision::kBf16;
  computes_in_tf32 = precision == Precision::kTf32;
  if (computes_in_tf32 != former_tf32_) allow_tf32(computes_in_tf32);
}

ScopedPrecision::~ScopedPrecision() {
  if (computes_in_tf32 != former_tf32_) allow_tf32(former_tf32_);
  computes_in_bf16 = former_bf16_;
  computes_in_tf32 = former_tf32_;
}

at::Tensor to_network(const at::Tensor& images) {
  const at::Tensor typed = computes_in_bf16 ? images.to(at::kBFloat16) : images;
  return typed.contiguous(format_for(images));
}

at::Tensor from_network(const at::Tensor& output) {
  return (output.scalar_type() == at::kBFloat16 ? output.to(at::kFloat) : output).contiguous();
}

// On GPUs, cuDNN would convert the format itself, in the forward pass and again in the backward
// pass.
at::Tensor in_type_of(const at::Tensor& x, const at::Tensor& parameter) {
  if (!parameter.defined()) return parameter;
  const bool converts = x.is_cuda() && is_channels_last(x) && parameter.dim() == 4;
  return parameter.to(x.scalar_type(), /*non_blocking=*/false, /*copy=*/false,
                      converts ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Preserve);
}

bool is_channels_last(const at::Tensor& x) {
  return x.suggest_memory_format() == at::MemoryFormat::ChannelsLast;
}

bool cpu_has_bf16() { return cpu_has_any({"avx512_bf16", "amx_bf16", "arm_bf16"}); }

bool cpu_has_amx() { return cpu_has_any({"amx_bf16"}); }

}  // namespace scgan
