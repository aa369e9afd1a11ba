#include "tests/support/stand_in_gpu/memory_formats.h"

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <optional>

namespace scgan::stand_in {
namespace {

using at::MemoryFormat;

// nullopt for what is in neither format, or in both, as images of one channel or one pixel.
std::optional<MemoryFormat> format_of(const at::Tensor& images) {
  if (!images.defined() || images.dim() != 4) return std::nullopt;
  const bool last = images.is_contiguous(MemoryFormat::ChannelsLast);
  if (last == images.is_contiguous()) return std::nullopt;
  return last ? MemoryFormat::ChannelsLast : MemoryFormat::Contiguous;
}

std::optional<MemoryFormat> format_of(const c10::IValue& value) {
  return value.isTensor() ? format_of(value.toTensor()) : std::nullopt;
}

// The format in which a kernel reads and writes; nullopt for kernels that keep that of their
// arguments.
std::optional<MemoryFormat> format_of_kernel(const std::string& name,
                                             const std::vector<c10::IValue>& arguments) {
  if (name.starts_with("aten::reflection_pad2d") || name == "aten::glu_backward") {
    return MemoryFormat::Contiguous;
  }
  // cuDNN's convolutions: channels_last if the images or the weight are. Batch norm: as its input.
  const auto last = [&](size_t i) { return format_of(arguments[i]) == MemoryFormat::ChannelsLast; };
  const auto chosen = [](bool is_last) {
    return is_last ? MemoryFormat::ChannelsLast : MemoryFormat::Contiguous;
  };
  if (name == "aten::convolution") return chosen(last(0) || last(1));
  if (name == "aten::convolution_backward") return chosen(last(1) || last(2));
  if (name == "aten::native_batch_norm") return chosen(last(0));
  if (name == "aten::native_batch_norm_backward") return chosen(last(1));
  return std::nullopt;
}

}  // namespace

bool changes_format(const at::Tensor& to, const at::Tensor& from) {
  const auto before = format_of(from);
  const auto after = format_of(to);
  return to.is_cuda() && from.is_cuda() && before && after && before != after;
}

int64_t converted_arguments(const std::string& name, const std::vector<c10::IValue>& arguments) {
  const auto format = format_of_kernel(name, arguments);
  if (!format) return 0;
  return std::ranges::count_if(arguments, [&](const c10::IValue& argument) {
    const auto own = format_of(argument);
    return own && own != format;
  });
}

c10::IValue in_gpu_format(const std::string& name, const std::vector<c10::IValue>& arguments,
                          const c10::IValue& result) {
  const auto format = format_of_kernel(name, arguments);
  if (!format || !result.isTensor()) return result;
  const at::Tensor& tensor = result.toTensor();
  return tensor.defined() && tensor.dim() == 4 ? c10::IValue(tensor.contiguous(*format)) : result;
}

}  // namespace scgan::stand_in
