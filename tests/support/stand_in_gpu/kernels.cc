// LibTorch's kernels for the stand-in GPU: the CPU's kernels on the GPU's memory. In-place
// operations and copies only queue their work, as on a GPU. An operation that returns new tensors
// waits for its stream and computes immediately; the stream then copies the result to the GPU's
// memory, so that code that reads it without waiting reads other bytes.
#include <ATen/ATen.h>
#include <ATen/core/boxing/KernelFunction.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/library.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/stand_in_gpu/convolutions.h"
#include "tests/support/stand_in_gpu/counts.h"
#include "tests/support/stand_in_gpu/determinism.h"
#include "tests/support/stand_in_gpu/memory.h"
#include "tests/support/stand_in_gpu/memory_formats.h"
#include "tests/support/stand_in_gpu/stream.h"

namespace scgan::stand_in {
namespace {

using c10::IValue;
using torch::jit::Stack;

// Operations that only create or describe tensors. Those that return views are recognized by their
// schema.
const std::set<std::string>& operations_without_kernels() {
  static const std::set<std::string> names{
      "aten::empty",     "aten::empty_strided", "aten::set_",      "aten::resize_",
      "aten::is_pinned", "aten::_pin_memory",   "aten::is_set_to", "aten::record_stream"};
  return names;
}

bool accepts_cpu_tensors(const std::string& name) {
  return name == "aten::copy_" || name.starts_with("aten::index") ||
         name.starts_with("aten::_index") || name.starts_with("aten::_unsafe_index");
}

// Whether LibTorch's kernel makes the host wait: it returns a number, or tensors whose sizes depend
// on the values.
bool makes_host_wait(const c10::FunctionSchema& schema) {
  static const std::set<std::string> names{
      "aten::_unique2",   "aten::masked_select",      "aten::nonzero",
      "aten::unique_dim", "aten::unique_consecutive", "aten::repeat_interleave"};
  if (names.contains(schema.name())) return true;
  for (const auto& result : schema.returns()) {
    const auto kind = result.type()->kind();
    if (kind != c10::TypeKind::TensorType && kind != c10::TypeKind::ListType) return true;
  }
  return false;
}

// A CPU tensor on the memory of `tensor`, for kernels.
at::Tensor cpu_view(const at::Tensor& tensor) {
  void* begin = tensor.numel() == 0 ? nullptr : kernel_address(tensor.const_data_ptr());
  return at::from_blob(begin, tensor.sizes(), tensor.strides(),
                       tensor.options().device(c10::kCPU).requires_grad(false));
}

// A tensor of the same shape and strides with memory of its own.
at::Tensor like(const at::Tensor& tensor, c10::Device device) {
  return at::empty_strided(tensor.sizes(), tensor.strides(), tensor.options().device(device));
}

CUstream_st& stream_on(c10::Device device) {
  const auto previous = std::exchange(current_device(), device.index());
  CUstream_st& stream = stream_of(c10::cuda::getCurrentCUDAStream(device.index()).stream());
  current_device() = previous;
  return stream;
}

// Nothing waits for queued work, so it cannot throw: an error ends the process.
void queue(CUstream_st& stream, const std::string& name, std::function<void()> work) {
  stream.queue([name, work = std::move(work)] {
    try {
      const at::AutoDispatchBelowAutograd below;
      work();
    } catch (const std::exception& problem) {
      std::fprintf(stderr, "stand-in GPU: %s: %s\n", name.c_str(), problem.what());
      std::abort();
    }
  });
}

// `value` with every tensor replaced by change(tensor).
template <typename Change>
IValue with_each_tensor(const IValue& value, const Change& change) {
  if (value.isTensor())
    return value.toTensor().defined() ? IValue(change(value.toTensor())) : value;
  if (value.isTensorList()) {
    std::vector<at::Tensor> all;
    for (const at::Tensor& tensor : value.toTensorVector()) all.push_back(change(tensor));
    return all;
  }
  if (value.isOptionalTensorList()) {
    c10::List<std::optional<at::Tensor>> all;
    for (const std::optional<at::Tensor>& tensor : value.toOptionalTensorList()) {
      all.push_back(tensor && tensor->defined() ? std::optional(change(*tensor)) : tensor);
    }
    return all;
  }
  return value;
}

// One call of an operation.
class Call {
 public:
  Call(const c10::OperatorHandle& op, Stack& stack) : op_(op), name_(op.schema().name()) {
    const size_t count = op.schema().arguments().size();
    arguments_.assign(std::make_move_iterator(stack.end() - static_cast<std::ptrdiff_t>(count)),
                      std::make_move_iterator(stack.end()));
    stack.resize(stack.size() - count);
    for (const IValue& value : arguments_) find_device(value);
    TORCH_CHECK(device_, name_, " was called on the stand-in GPU without a tensor there");
    TORCH_CHECK(!at::globalContext().deterministicAlgorithms() ||
                    !nondeterministic_kernels().contains(name_),
                name_, " does not have a deterministic implementation on a GPU");
    for (const IValue& value : arguments_) check_devices(value);
  }

  void run(Stack& stack) {
    count_format_changes(converted_arguments(name_, arguments_));
    if (writes_only_given_tensors()) {
      queue(stream(), name_,
            [op = op_, inside = cpu_arguments()]() mutable { compute(op, inside); });
      return_arguments(stack);
      return;
    }
    if (!stream().idle()) stream().drain();
    const bool workspace_free =
        is_convolution() && needs_workspace_free_algorithm(name_, arguments_, *device_);
    Stack inside = cpu_arguments();
    copy_written_arguments(inside);
    const Stack written = inside;
    compute(op_, inside);
    for (IValue& result : inside) result = in_gpu_format(name_, arguments_, result);
    for (const IValue& result : inside) {
      if (workspace_free && result.isTensor() && result.toTensor().defined())
        change_rounding(result.toTensor());
    }
    publish_written(written);
    for (size_t i = 0; i < inside.size(); ++i) {
      const auto* alias = op_.schema().returns()[i].alias_info();
      stack.push_back(alias != nullptr ? argument_with(*alias) : on_gpu(inside[i]));
    }
  }

 private:
  static void compute(const c10::OperatorHandle& op, Stack& stack) {
    op.redispatchBoxed(c10::DispatchKeySet(c10::DispatchKey::CPU), &stack);
  }

  bool is_convolution() const { return name_.starts_with("aten::convolution"); }

  CUstream_st& stream() const { return stream_on(*device_); }

  void find_device(const IValue& value) {
    if (value.isDevice() && value.toDevice().is_cuda() && !device_) device_ = value.toDevice();
    with_each_tensor(value, [&](const at::Tensor& tensor) {
      if (tensor.is_cuda() && !device_) device_ = tensor.device();
      return tensor;
    });
  }

  void check_devices(const IValue& value) const {
    with_each_tensor(value, [&](const at::Tensor& tensor) {
      const bool fits = tensor.device() == *device_ ||
                        (tensor.is_cpu() && (tensor.dim() == 0 || accepts_cpu_tensors(name_)));
      TORCH_CHECK(fits, name_, ": expected all tensors on ", *device_, ", found one on ",
                  tensor.device());
      return tensor;
    });
  }

  bool is_written(size_t argument) const {
    const auto* alias = op_.schema().arguments()[argument].alias_info();
    return alias != nullptr && alias->isWrite();
  }

  // Whether all results go to tensors of the caller that already have the right sizes.
  bool writes_only_given_tensors() const {
    for (const auto& result : op_.schema().returns()) {
      if (result.alias_info() == nullptr || !result.alias_info()->isWrite()) return false;
    }
    bool writes = false;
    bool sized = true;
    for (size_t i = 0; i < arguments_.size(); ++i) {
      if (!is_written(i)) continue;
      with_each_tensor(arguments_[i], [&](const at::Tensor& tensor) {
        writes = true;
        sized = sized && tensor.numel() > 0 && tensor.is_cuda();
        return tensor;
      });
    }
    return writes && sized;
  }

  // The arguments for a CPU kernel.
  Stack cpu_arguments() const {
    Stack inside;
    for (const IValue& value : arguments_) {
      if (value.isDevice()) {
        inside.emplace_back(c10::Device(c10::kCPU));
      } else {
        inside.push_back(with_each_tensor(value, [](const at::Tensor& tensor) {
          return tensor.is_cuda() ? cpu_view(tensor) : tensor.clone();
        }));
      }
    }
    return inside;
  }

  void copy_written_arguments(Stack& inside) const {
    for (size_t i = 0; i < inside.size(); ++i) {
      if (!is_written(i)) continue;
      inside[i] = with_each_tensor(inside[i], [](const at::Tensor& tensor) {
        return like(tensor, c10::kCPU).copy_(tensor);
      });
    }
  }

  void publish_written(const Stack& inside) const {
    for (size_t i = 0; i < inside.size(); ++i) {
      if (!is_written(i)) continue;
      TORCH_CHECK(arguments_[i].isTensor(), name_, ": the stand-in GPU cannot resize lists");
      const at::Tensor& result = inside[i].toTensor();
      const at::Tensor& given = arguments_[i].toTensor();
      if (given.sizes() != result.sizes()) given.resize_(result.sizes());
      publish(result, given);
    }
  }

  void publish(const at::Tensor& result, const at::Tensor& target) const {
    if (result.numel() == 0) return;
    queue(stream(), name_, [result, view = cpu_view(target)] { view.copy_(result); });
  }

  IValue on_gpu(const IValue& value) const {
    return with_each_tensor(value, [&](const at::Tensor& result) {
      at::Tensor target = like(result, *device_);
      publish(result, target);
      return target;
    });
  }

  IValue argument_with(const c10::AliasInfo& alias) const {
    for (size_t i = 0; i < arguments_.size(); ++i) {
      const auto* own = op_.schema().arguments()[i].alias_info();
      if (own != nullptr && own->beforeSets() == alias.beforeSets()) return arguments_[i];
    }
    TORCH_CHECK(false, name_, ": this operation returns none of its arguments");
  }

  void return_arguments(Stack& stack) const {
    for (const auto& result : op_.schema().returns()) {
      stack.push_back(argument_with(*result.alias_info()));
    }
  }

  c10::OperatorHandle op_;
  std::string name_;
  std::vector<IValue> arguments_;
  std::optional<c10::Device> device_;
};

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
  if (makes_host_wait(op.schema())) count_synchronisation();
  Call(op, *stack).run(*stack);
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
