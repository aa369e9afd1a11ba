// One call of an operation of LibTorch on the stand-in GPU: the CPU's kernel on the GPU's memory.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>
#include <c10/core/Device.h>

#include <functional>
#include <string>

#include "tests/support/stand_in_gpu/stream.h"

namespace scgan::stand_in {

// Calls `op` as a kernel: takes the arguments from the stack and puts the results there. In-place
// operations only queue their work. An operation that returns new tensors waits for its stream and
// computes immediately; the stream then copies the result to the GPU's memory, so that code that
// reads it without waiting reads other bytes. Under capture, every operation becomes a node.
void call_on_gpu(const c10::OperatorHandle& op, torch::jit::Stack& stack);

// A CPU tensor on the memory of `tensor`, for kernels.
at::Tensor cpu_view(const at::Tensor& tensor);

// LibTorch's current stream.
CUstream_st& stream_on(c10::Device device);

// Queues the work of the operation `name`. Nothing waits for queued work, so it cannot throw: an
// error ends the process.
void queue(CUstream_st& stream, const std::string& name, std::function<void()> work);

}  // namespace scgan::stand_in
