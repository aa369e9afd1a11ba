// Installs call_on_gpu() as LibTorch's kernels for CUDA, with the faults that tests ask for.
#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/cuda/CUDAException.h>
#include <torch/library.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <limits>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/stand_in_gpu/call.h"
#include "tests/support/stand_in_gpu/capture.h"
#include "tests/support/stand_in_gpu/counts.h"
#include "tests/support/stand_in_gpu/memory_formats.h"
#include "tests/support/stand_in_gpu/stream.h"

namespace scgan::stand_in {
namespace {

using torch::jit::Stack;

// Operations that only create or describe tensors. Those that return views are recognized by their
// schema.
const std::set<std::string>& operations_without_kernels() {
  static const std::set<std::string> names{
      "aten::empty",     "aten::empty_strided", "aten::set_",      "aten::resize_",
      "aten::is_pinned", "aten::_pin_memory",   "aten::is_set_to", "aten::record_stream"};
  return names;
}

long kernel_count_in(const char* variable) {
  const char* text = std::getenv(variable);
  return text == nullptr ? std::numeric_limits<long>::max() : std::stol(text);
}

// Each variable is a number of kernels that succeed first:
// SCGAN_STAND_IN_LOST_AFTER: then every kernel fails, as on a GPU that has failed.
// SCGAN_STAND_IN_STUCK_AFTER: then a kernel never returns.
// SCGAN_STAND_IN_SHORT_AFTER: then one kernel fails for lack of memory.
void launch() {
  static const long until_lost = kernel_count_in("SCGAN_STAND_IN_LOST_AFTER");
  static const long until_stuck = kernel_count_in("SCGAN_STAND_IN_STUCK_AFTER");
  static const long until_short = kernel_count_in("SCGAN_STAND_IN_SHORT_AFTER");
  static std::atomic<long> launched{0};
  const long before = launched++;
  while (before >= until_stuck) std::this_thread::sleep_for(std::chrono::hours(1));
  C10_CUDA_CHECK(before < until_lost ? cudaSuccess : cudaErrorECCUncorrectable);
  TORCH_CHECK_WITH(OutOfMemoryError, before != until_short, "CUDA out of memory.");
}

void kernel(const c10::OperatorHandle& op, Stack* stack) {
  launch();
  count_operation();
  call_on_gpu(op, *stack);
}

// Copies between host and GPU as cudaMemcpyAsync does.
at::Tensor& copy(at::Tensor& to, const at::Tensor& from, bool non_blocking) {
  const c10::Device device = to.is_cuda() ? to.device() : from.device();
  TORCH_CHECK(!to.is_cuda() || !from.is_cuda() || to.device() == from.device(),
              "the stand-in GPUs do not copy between each other");
  CUstream_st& stream = stream_on(device);
  if (changes_format(to, from)) count_format_changes(1);
  const at::Tensor& host = to.is_cuda() ? from : to;
  const bool staged = host.is_cpu() && !(non_blocking && host.is_pinned());
  count_operation();
  if (host.is_cpu() && (staged || !host.is_pinned()))
    C10_CUDA_CHECK(check_not_under_capture(stream));
  if (host.is_cpu() && !host.is_pinned()) count_pageable_copy();
  if (host.is_cpu() && !non_blocking) count_synchronisation();
  at::Tensor source = from.is_cuda() ? cpu_view(from) : staged ? from.clone() : from;
  at::Tensor target = to.is_cuda() ? cpu_view(to) : to;
  queue(stream, "aten::copy_", [=] { target.copy_(source); });
  if (to.is_cpu() && staged) stream.drain();
  return to;
}

bool launches_kernels(const c10::OperatorHandle& op) {
  const auto& schema = op.schema();
  if (operations_without_kernels().contains(schema.name())) return false;
  for (const auto& result : schema.returns()) {
    if (result.alias_info() != nullptr && !result.alias_info()->isWrite()) return false;
  }
  return op.hasKernelForDispatchKey(c10::DispatchKey::CUDA);
}

// LibTorch warns that its own kernels are overridden.
class IgnoreWarnings : public c10::WarningHandler {
 public:
  void process(const c10::Warning&) override {}
};

bool install() {
  static auto& library =
      *new torch::Library(torch::Library::IMPL, "aten", c10::DispatchKey::CUDA, __FILE__, __LINE__);
  IgnoreWarnings ignore;
  const c10::WarningUtils::WarningHandlerGuard guard(&ignore);
  auto& dispatcher = c10::Dispatcher::singleton();
  // These two select a library of NVIDIA's by the device before they call a kernel.
  std::vector<c10::OperatorName> names{{"aten::convolution", ""},
                                       {"aten::convolution_backward", ""}};
  for (const c10::OperatorName& name : dispatcher.getAllOpNames()) {
    const auto op = dispatcher.findOp(name);
    if (op && op->hasSchema() && name.name.starts_with("aten::") && name.name != "aten::copy_" &&
        launches_kernels(*op)) {
      names.push_back(name);
    }
  }
  for (const c10::OperatorName& name : names) {
    const std::string overload = name.overload_name.empty() ? "" : "." + name.overload_name;
    library.impl((name.name + overload).c_str(),
                 torch::CppFunction::makeFromBoxedFunction<&kernel>());
  }
  library.impl("copy_", copy);
  at::globalContext().setUserEnabledCuDNN(false);
  return true;
}

const bool installed = install();

}  // namespace
}  // namespace scgan::stand_in
