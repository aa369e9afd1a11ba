#include "tests/support/stand_in_gpu/call.h"

#include <ATen/ATen.h>
#include <ATen/core/boxing/KernelFunction.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAStream.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "tests/support/stand_in_gpu/capture.h"
#include "tests/support/stand_in_gpu/convolutions.h"
#include "tests/support/stand_in_gpu/counts.h"
#include "tests/support/stand_in_gpu/determinism.h"
#include "tests/support/stand_in_gpu/memory.h"
#include "tests/support/stand_in_gpu/memory_formats.h"

namespace scgan::stand_in {
namespace {

using c10::IValue;
using torch::jit::Stack;

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

// A tensor of the same shape and strides with memory of its own.
at::Tensor like(const at::Tensor& tensor, c10::Device device) {
  return at::empty_strided(tensor.sizes(), tensor.strides(), tensor.options().device(device));
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

  void run(Stack& stack) const {
    C10_CUDA_CHECK(launch_status(stream()));
    count_format_changes(converted_arguments(name_, arguments_));
    if (writes_only_given_tensors()) {
      queue(stream(), name_, [op = op_, inside = cpu_arguments()] {
        Stack arguments = inside;
        compute(op, arguments);
      });
      return_arguments(stack);
      return;
    }
    if (is_under_capture(stream())) return capture(stack);
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

  CUstream_st& stream() const { return stream_on(*device_); }

 private:
  // Nothing is computed now, as on a GPU: zeros for the GPU's tensors tell the shapes of the
  // result.
  void capture(Stack& stack) const {
    const bool workspace_free =
        is_convolution() && needs_workspace_free_algorithm(name_, arguments_, *device_);
    Stack inside = cpu_arguments();
    Stack shapes;
    for (size_t i = 0; i < inside.size(); ++i) {
      shapes.push_back(with_each_tensor(arguments_[i], [](const at::Tensor& tensor) {
        return tensor.is_cuda() ? like(tensor, c10::kCPU).zero_() : tensor.clone();
      }));
      if (arguments_[i].isDevice()) shapes.back() = inside[i];
    }
    const Stack written = shapes;
    compute(op_, shapes);
    for (IValue& result : shapes) result = in_gpu_format(name_, arguments_, result);
    std::vector<at::Tensor> targets;
    std::vector<size_t> written_arguments;
    for (size_t i = 0; i < arguments_.size(); ++i) {
      if (!is_written(i)) continue;
      resize(arguments_[i], written[i]);
      written_arguments.push_back(i);
      targets.push_back(cpu_view(arguments_[i].toTensor()));
    }
    std::vector<size_t> new_results;
    for (size_t i = 0; i < shapes.size(); ++i) {
      const auto* alias = op_.schema().returns()[i].alias_info();
      if (alias != nullptr) {
        stack.push_back(argument_with(*alias));
        continue;
      }
      new_results.push_back(i);
      stack.push_back(with_each_tensor(shapes[i], [&](const at::Tensor& result) {
        at::Tensor target = like(result, *device_);
        targets.push_back(cpu_view(target));
        return target;
      }));
    }
    queue(stream(), name_, [=, op = op_] {
      Stack results = inside;
      for (const size_t i : written_arguments) {
        const at::Tensor& given = inside[i].toTensor();
        results[i] = like(given, c10::kCPU).copy_(given);
      }
      const Stack computed = results;
      compute(op, results);
      auto target = targets.begin();
      for (const size_t i : written_arguments) (target++)->copy_(computed[i].toTensor());
      for (const size_t i : new_results) {
        with_each_tensor(results[i], [&](const at::Tensor& result) {
          if (workspace_free) change_rounding(result);
          (target++)->copy_(result);
          return result;
        });
      }
    });
  }

  static void compute(c10::OperatorHandle op, Stack& stack) {
    op.redispatchBoxed(c10::DispatchKeySet(c10::DispatchKey::CPU), &stack);
  }

  bool is_convolution() const { return name_.starts_with("aten::convolution"); }

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
      resize(arguments_[i], inside[i]);
      publish(inside[i].toTensor(), arguments_[i].toTensor());
    }
  }

  void resize(const IValue& argument, const IValue& result) const {
    TORCH_CHECK(argument.isTensor(), name_, ": the stand-in GPU cannot resize lists");
    const at::Tensor& given = argument.toTensor();
    if (given.sizes() != result.toTensor().sizes()) given.resize_(result.toTensor().sizes());
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

}  // namespace

void call_on_gpu(const c10::OperatorHandle& op, Stack& stack) {
  const Call call(op, stack);
  if (makes_host_wait(op.schema())) {
    C10_CUDA_CHECK(check_not_under_capture(call.stream()));
    count_synchronisation();
  }
  call.run(stack);
}

at::Tensor cpu_view(const at::Tensor& tensor) {
  void* begin = tensor.numel() == 0 ? nullptr : kernel_address(tensor.const_data_ptr());
  return at::from_blob(begin, tensor.sizes(), tensor.strides(),
                       tensor.options().device(c10::kCPU).requires_grad(false));
}

CUstream_st& stream_on(c10::Device device) {
  const auto previous = std::exchange(current_device(), device.index());
  CUstream_st& stream = stream_of(c10::cuda::getCurrentCUDAStream(device.index()).stream());
  current_device() = previous;
  return stream;
}

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

}  // namespace scgan::stand_in
