// The memory formats of images, as LibTorch's CUDA kernels and cuDNN treat them; the CPU's kernels,
// which compute for the stand-in GPU, differ.
#pragma once

#include <ATen/core/ivalue.h>

#include <cstdint>
#include <string>
#include <vector>

namespace scgan::stand_in {

// Whether a copy on the GPU brings images into the other of the two formats, channels_last and
// LibTorch's default.
bool changes_format(const at::Tensor& to, const at::Tensor& from);

// The number of images and weights that the kernel `name` first copies into the other format.
int64_t converted_arguments(const std::string& name, const std::vector<c10::IValue>& arguments);

// A result of the kernel, in the format in which the kernel returns it.
c10::IValue in_gpu_format(const std::string& name, const std::vector<c10::IValue>& arguments,
                          const c10::IValue& result);

}  // namespace scgan::stand_in
