#include "core/model/row_conv.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "core/model/arithmetic.h"
#include "core/model/typed_conv.h"

namespace scgan {
namespace {

namespace autograd = torch::autograd;

// Which row of the output a kernel row's part belongs to: row y + r of the part of kernel row r is
// added to output row y, or row y - r.
enum class Shift : int64_t { kUp = 1, kDown = -1 };

constexpr auto kChannelsLast = at::MemoryFormat::ChannelsLast;

// Calls work(n, y) for all rows of all images.
template <typename Work>
void for_each_row(int64_t images, int64_t height, const Work& work) {
  at::parallel_for(0, images * height, 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) work(i / height, i % height);
  });
}

// Parts [N, kernel * channels, P, W] in channels_last -> sums [N, channels, height, W]; channel
// r * channels + c of the parts is kernel row r's part of channel c.
at::Tensor sum_of_rows(const at::Tensor& parts, int64_t kernel, int64_t height, Shift shift) {
  const int64_t channels = parts.size(1) / kernel;
  const int64_t part_height = parts.size(2);
  const int64_t width = parts.size(3);
  at::Tensor sums = at::empty({parts.size(0), channels, height, width}, parts.options()).zero_();
  AT_DISPATCH_FLOATING_TYPES(parts.scalar_type(), "sum_of_rows", [&] {
    const auto* from = parts.const_data_ptr<scalar_t>();
    auto* to = sums.mutable_data_ptr<scalar_t>();
    for_each_row(parts.size(0), height, [&](int64_t n, int64_t y) {
      for (int64_t r = 0; r < kernel; ++r) {
        const int64_t part_y = y + static_cast<int64_t>(shift) * r;
        if (part_y < 0 || part_y >= part_height) continue;
        const auto* part =
            from + (n * part_height + part_y) * width * kernel * channels + r * channels;
        for (int64_t c = 0; c < channels; ++c) {
          auto* sum = to + ((n * channels + c) * height + y) * width;
          for (int64_t x = 0; x < width; ++x) sum[x] += part[x * kernel * channels + c];
        }
      }
    });
  });
  return sums;
}

// The adjoint of sum_of_rows for Shift::kUp: row y of the part of kernel row r is row y - r of the
// sums, or zero.
at::Tensor parts_of_rows(const at::Tensor& sums, int64_t kernel) {
  const int64_t channels = sums.size(1);
  const int64_t height = sums.size(2);
  const int64_t width = sums.size(3);
  const int64_t part_height = height + kernel - 1;
  at::Tensor parts = at::empty({sums.size(0), kernel * channels, part_height, width},
                               sums.options(), kChannelsLast)
                         .zero_();
  AT_DISPATCH_FLOATING_TYPES(sums.scalar_type(), "parts_of_rows", [&] {
    const auto* from = sums.const_data_ptr<scalar_t>();
    auto* to = parts.mutable_data_ptr<scalar_t>();
    for_each_row(sums.size(0), part_height, [&](int64_t n, int64_t part_y) {
      auto* row = to + (n * part_height + part_y) * width * kernel * channels;
      for (int64_t r = 0; r < kernel; ++r) {
        const int64_t y = part_y - r;
        if (y < 0 || y >= height) continue;
        for (int64_t c = 0; c < channels; ++c) {
          const auto* sum = from + ((n * channels + c) * height + y) * width;
          auto* part = row + r * channels + c;
          for (int64_t x = 0; x < width; ++x) part[x * kernel * channels] = sum[x];
        }
      }
    });
  });
  return parts;
}

using Mask = std::array<bool, 3>;

// The gradients of input, weight and bias of a convolution with stride 1, as far as `mask` asks.
std::tuple<at::Tensor, at::Tensor, at::Tensor> backward_of_conv(const at::Tensor& dy,
                                                                const at::Tensor& x,
                                                                const at::Tensor& weight,
                                                                Mask mask) {
  const int64_t out = weight.size(0);
  return at::convolution_backward(dy, x, weight, at::OptionalIntArrayRef(at::IntArrayRef(out)),
                                  {1, 1}, {0, 0}, {1, 1}, false, {0, 0}, 1, mask);
}

class FirstConv : public autograd::Function<FirstConv> {
 public:
  static at::Tensor forward(autograd::AutogradContext* context, const at::Tensor& input,
                            const at::Tensor& weight, const at::Tensor& bias) {
    const at::Tensor x = input.contiguous(kChannelsLast);
    context->save_for_backward({x, weight});
    return at::conv2d(x, weight, bias);
  }

  static autograd::variable_list backward(autograd::AutogradContext* context,
                                          const autograd::variable_list& gradients) {
    const autograd::variable_list saved = context->get_saved_variables();
    const at::Tensor& x = saved[0];
    const at::Tensor& weight = saved[1];
    const at::Tensor dy = gradients[0].contiguous(kChannelsLast);
    at::Tensor dx;
    if (context->needs_input_grad(0)) {
      const int64_t kernel = weight.size(2);
      // Channel r * in + c has row r of the kernel, mirrored, for input channel c.
      const at::Tensor kernels =
          weight.permute({2, 1, 0, 3}).flip(3).flatten(0, 1).unsqueeze(2).contiguous(kChannelsLast);
      const at::Tensor parts =
          at::conv2d(dy, kernels, {}, at::IntArrayRef({1, 1}), at::IntArrayRef({0, kernel - 1}))
              .contiguous(kChannelsLast);
      dx = sum_of_rows(parts, kernel, x.size(2), Shift::kDown);
    }
    const at::Tensor dw =
        std::get<1>(backward_of_conv(dy, x, weight, {false, context->needs_input_grad(1), false}));
    at::Tensor db;
    if (context->needs_input_grad(2)) db = dy.sum({0, 2, 3});
    return {dx, dw, db};
  }
};

class LastConv : public autograd::Function<LastConv> {
 public:
  static at::Tensor forward(autograd::AutogradContext* context, const at::Tensor& input,
                            const at::Tensor& weight, const at::Tensor& bias) {
    const at::Tensor x = input.contiguous(kChannelsLast);
    const int64_t kernel = weight.size(2);
    // Channel r * out + o has row r of the kernel of output channel o.
    const at::Tensor kernels =
        weight.permute({2, 0, 1, 3}).flatten(0, 1).unsqueeze(2).contiguous(kChannelsLast);
    context->save_for_backward({x, kernels});
    const at::Tensor parts = at::conv2d(x, kernels).contiguous(kChannelsLast);
    const int64_t height = x.size(2) - kernel + 1;
    return sum_of_rows(parts, kernel, height, Shift::kUp) + bias.view({1, -1, 1, 1});
  }

  static autograd::variable_list backward(autograd::AutogradContext* context,
                                          const autograd::variable_list& gradients) {
    const autograd::variable_list saved = context->get_saved_variables();
    const at::Tensor& x = saved[0];
    const at::Tensor& kernels = saved[1];
    const at::Tensor dy = gradients[0].contiguous();
    const int64_t kernel = kernels.size(3);
    const int64_t out = dy.size(1);
    auto [dx, dw, none] =
        backward_of_conv(parts_of_rows(dy, kernel), x, kernels,
                         {context->needs_input_grad(0), context->needs_input_grad(1), false});
    if (dw.defined()) {
      // [rows * out, in, 1, columns] -> [out, in, rows, columns]
      dw = dw.squeeze(2).unflatten(0, {kernel, out}).permute({1, 2, 0, 3}).contiguous();
    }
    at::Tensor db;
    if (context->needs_input_grad(2)) db = dy.sum({0, 2, 3});
    return {dx, dw, db};
  }
};

bool by_rows(const at::Tensor& x) { return x.is_cpu() && x.scalar_type() != at::kBFloat16; }

}  // namespace

at::Tensor FirstConv2dImpl::forward(const at::Tensor& x) {
  return by_rows(x) ? FirstConv::apply(x, weight, bias)
                    : typed_conv2d(x, in_type_of(x, weight), in_type_of(x, bias));
}

at::Tensor LastConv2dImpl::forward(const at::Tensor& x) {
  return by_rows(x) ? LastConv::apply(x, weight, bias)
                    : typed_conv2d(x, in_type_of(x, weight), in_type_of(x, bias));
}

}  // namespace scgan
