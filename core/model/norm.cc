#include "core/model/norm.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "core/base/vectorized.h"
#include "core/model/gpu_norm.h"

namespace scgan {
namespace {

namespace autograd = torch::autograd;

constexpr double kEpsilon = 1e-5;
// Channels that are computed together: two lines of the cache. Their sums stay in registers.
constexpr int64_t kLanes = 32;
// Pixels whose values are added before the sum is added to the total, for accuracy.
constexpr int64_t kBlock = 64;

// The channels [0, lanes) of one image: `pixels` rows that are `stride` elements apart.
struct Slice {
  int64_t pixels, stride, lanes;
};

// Calls add(pixel, sums) for all pixels, where `sums` is an array of 2 x kLanes, and adds the sums
// to `totals`, block by block.
template <typename Number, typename Add>
inline __attribute__((always_inline)) void sum_pixels(const Slice& slice,
                                                      double (&totals)[2][kLanes], const Add& add) {
  for (int64_t begin = 0; begin < slice.pixels; begin += kBlock) {
    Number sums[2][kLanes] = {};
    const int64_t end = std::min(begin + kBlock, slice.pixels);
    for (int64_t pixel = begin; pixel < end; ++pixel) add(pixel * slice.stride, sums);
    for (int64_t c = 0; c < kLanes; ++c) {
      totals[0][c] += static_cast<double>(sums[0][c]);
      totals[1][c] += static_cast<double>(sums[1][c]);
    }
  }
}

// Of the channels of a slice, one value each.
template <typename Number>
struct Statistics {
  Number *mean, *variance;
};

// What normalised values are multiplied by, and what is then added.
template <typename Number>
struct Affine {
  const Number *factor, *shift;
};

// The gradients of an Affine.
template <typename Number>
struct AffineGradient {
  Number *factor, *shift;
};

template <typename Number>
inline __attribute__((always_inline)) Number scale_of(Number variance) {
  // An infinite variance would make all values zero, and hide that they have become too large.
  const Number nan_if_infinite = variance - variance;
  return static_cast<Number>(1 / std::sqrt(static_cast<double>(variance) + kEpsilon)) +
         nan_if_infinite;
}

// Of the activation. The positive one is 1, but the compiler must not know that: without AVX-512 it
// would make a branch for each element of the choice between a value and a product, where it makes
// a vector instruction of the choice between two numbers.
template <typename Number>
struct Slopes {
  Number positive, negative;
  inline __attribute__((always_inline)) Number at(Number value) const {
    return value > 0 ? positive : negative;
  }
};

template <int64_t lanes_or_0, typename Element, typename Number>
inline __attribute__((always_inline)) void normalize_lanes(const Element* x, Element* y,
                                                           const Slice& slice,
                                                           const Statistics<Number>& statistics,
                                                           const Affine<Number>& affine,
                                                           const Slopes<Number>& slopes) {
  const int64_t lanes = lanes_or_0 != 0 ? lanes_or_0 : slice.lanes;
  Number mean[kLanes];
  Number scale[kLanes];
  Number factor[kLanes];
  Number shift[kLanes];
  double totals[2][kLanes] = {};
  sum_pixels<Number>(slice, totals, [&](int64_t at, Number(&sums)[2][kLanes]) {
    for (int64_t c = 0; c < lanes; ++c) sums[0][c] += static_cast<Number>(x[at + c]);
  });
  const auto pixels = static_cast<double>(slice.pixels);
  for (int64_t c = 0; c < lanes; ++c) mean[c] = static_cast<Number>(totals[0][c] / pixels);
  sum_pixels<Number>(slice, totals, [&](int64_t at, Number(&sums)[2][kLanes]) {
    for (int64_t c = 0; c < lanes; ++c) {
      const Number centred = static_cast<Number>(x[at + c]) - mean[c];
      sums[1][c] += centred * centred;
    }
  });
  for (int64_t c = 0; c < lanes; ++c) {
    statistics.mean[c] = mean[c];
    statistics.variance[c] = static_cast<Number>(totals[1][c] / pixels);
    scale[c] = scale_of(statistics.variance[c]);
    factor[c] = affine.factor[c];
    shift[c] = affine.shift[c];
  }
  for (int64_t pixel = 0; pixel < slice.pixels; ++pixel) {
    const int64_t at = pixel * slice.stride;
#pragma GCC ivdep
    for (int64_t c = 0; c < lanes; ++c) {
      const Number normal = (static_cast<Number>(x[at + c]) - mean[c]) * scale[c];
      const Number value = normal * factor[c] + shift[c];
      y[at + c] = static_cast<Element>(value * slopes.at(value));
    }
  }
}

// With g, the gradient before the activation, and n, the normalised values:
// dx = factor * scale * (g - mean(g) - n * mean(g * n)).
template <int64_t lanes_or_0, typename Element, typename Number>
inline __attribute__((always_inline)) void differentiate_lanes(
    const Element* x, const Element* dy, Element* dx, const Slice& slice,
    const Statistics<Number>& statistics, const Affine<Number>& affine,
    const AffineGradient<Number>& gradient, const Slopes<Number>& slopes) {
  const int64_t lanes = lanes_or_0 != 0 ? lanes_or_0 : slice.lanes;
  Number mean[kLanes];
  Number scale[kLanes];
  Number factor[kLanes];
  Number shift[kLanes];
  for (int64_t c = 0; c < lanes; ++c) {
    mean[c] = statistics.mean[c];
    scale[c] = scale_of(statistics.variance[c]);
    factor[c] = affine.factor[c];
    shift[c] = affine.shift[c];
  }
  double totals[2][kLanes] = {};
  sum_pixels<Number>(slice, totals, [&](int64_t at, Number(&sums)[2][kLanes]) {
    for (int64_t c = 0; c < lanes; ++c) {
      const Number normal = (static_cast<Number>(x[at + c]) - mean[c]) * scale[c];
      const auto given = static_cast<Number>(dy[at + c]);
      const Number g = given * slopes.at(normal * factor[c] + shift[c]);
      sums[0][c] += g;
      sums[1][c] += g * normal;
    }
  });
  Number mean_g[kLanes];
  Number mean_gn[kLanes];
  const auto pixels = static_cast<double>(slice.pixels);
  for (int64_t c = 0; c < lanes; ++c) {
    mean_g[c] = static_cast<Number>(totals[0][c] / pixels);
    mean_gn[c] = static_cast<Number>(totals[1][c] / pixels);
    gradient.shift[c] = static_cast<Number>(totals[0][c]);
    gradient.factor[c] = static_cast<Number>(totals[1][c]);
  }
  for (int64_t pixel = 0; pixel < slice.pixels; ++pixel) {
    const int64_t at = pixel * slice.stride;
#pragma GCC ivdep
    for (int64_t c = 0; c < lanes; ++c) {
      const Number normal = (static_cast<Number>(x[at + c]) - mean[c]) * scale[c];
      const auto given = static_cast<Number>(dy[at + c]);
      const Number g = given * slopes.at(normal * factor[c] + shift[c]);
      dx[at + c] =
          static_cast<Element>(factor[c] * scale[c] * (g - mean_g[c] - normal * mean_gn[c]));
    }
  }
}

template <typename Element, typename Number>
inline __attribute__((always_inline)) void normalize_slice(const Element* x, Element* y,
                                                           const Slice& slice,
                                                           const Statistics<Number>& statistics,
                                                           const Affine<Number>& affine,
                                                           const Slopes<Number>& slopes) {
  switch (slice.lanes) {
    case kLanes:
      return normalize_lanes<kLanes>(x, y, slice, statistics, affine, slopes);
    case kLanes / 2:
      return normalize_lanes<kLanes / 2>(x, y, slice, statistics, affine, slopes);
    default:
      return normalize_lanes<0>(x, y, slice, statistics, affine, slopes);
  }
}

template <typename Element, typename Number>
inline __attribute__((always_inline)) void differentiate_slice(
    const Element* x, const Element* dy, Element* dx, const Slice& slice,
    const Statistics<Number>& statistics, const Affine<Number>& affine,
    const AffineGradient<Number>& gradient, const Slopes<Number>& slopes) {
  switch (slice.lanes) {
    case kLanes:
      return differentiate_lanes<kLanes>(x, dy, dx, slice, statistics, affine, gradient, slopes);
    case kLanes / 2:
      return differentiate_lanes<kLanes / 2>(x, dy, dx, slice, statistics, affine, gradient,
                                             slopes);
    default:
      return differentiate_lanes<0>(x, dy, dx, slice, statistics, affine, gradient, slopes);
  }
}

// Templates cannot be compiled for several processors, so each function is written for each type.
#define SCGAN_FOR(Element, Number)                                                              \
  SCGAN_VECTORIZED void normalize(const Element* x, Element* y, const Slice& slice,             \
                                  const Statistics<Number>& statistics,                         \
                                  const Affine<Number>& affine, const Slopes<Number>& slopes) { \
    normalize_slice(x, y, slice, statistics, affine, slopes);                                   \
  }                                                                                             \
  SCGAN_VECTORIZED void differentiate(                                                          \
      const Element* x, const Element* dy, Element* dx, const Slice& slice,                     \
      const Statistics<Number>& statistics, const Affine<Number>& affine,                       \
      const AffineGradient<Number>& gradient, const Slopes<Number>& slopes) {                   \
    differentiate_slice(x, dy, dx, slice, statistics, affine, gradient, slopes);                \
  }
SCGAN_FOR(float, float)
SCGAN_FOR(double, double)
SCGAN_FOR(at::BFloat16, float)
#undef SCGAN_FOR

// What is normalised together: `groups` groups of `pixels` pixels, one after the other.
struct Layout {
  int64_t groups, pixels, channels;
};

Layout by_image(const at::Tensor& x) { return {x.size(0), x.size(2) * x.size(3), x.size(1)}; }
Layout by_batch(const at::Tensor& x) { return {1, x.size(0) * x.size(2) * x.size(3), x.size(1)}; }

// Calls work(offset of the slice's first element, slice, its group, its first channel) for all
// slices.
template <typename Work>
void for_each_slice(const Layout& layout, const Work& work) {
  const int64_t per_group = (layout.channels + kLanes - 1) / kLanes;
  at::parallel_for(0, layout.groups * per_group, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t group = i / per_group;
      const int64_t first = i % per_group * kLanes;
      work(group * layout.pixels * layout.channels + first,
           Slice{layout.pixels, layout.channels, std::min(kLanes, layout.channels - first)}, group,
           first);
    }
  });
}

template <typename Element>
using NumberFor = std::conditional_t<std::is_same_v<Element, double>, double, float>;

at::TensorOptions number_options(const at::Tensor& x) {
  return x.options().dtype(x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat);
}

#define SCGAN_DISPATCH(type, ...) \
  AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, type, "norm", __VA_ARGS__)

struct Normalized {
  at::Tensor y;
  // [groups, C]; the variance is that of all values, not of a sample.
  at::Tensor mean, variance;
};

// `x` must be in channels_last, `factor` and `shift` have C elements.
Normalized forward_of(const at::Tensor& x, const Layout& layout, const at::Tensor& factor,
                      const at::Tensor& shift, double slope) {
  Normalized result{at::empty_like(x),
                    at::empty({layout.groups, layout.channels}, number_options(x)),
                    at::empty({layout.groups, layout.channels}, number_options(x))};
  SCGAN_DISPATCH(x.scalar_type(), [&] {
    using Number = NumberFor<scalar_t>;
    const auto* from = x.const_data_ptr<scalar_t>();
    auto* to = result.y.mutable_data_ptr<scalar_t>();
    auto* mean = result.mean.mutable_data_ptr<Number>();
    auto* variance = result.variance.mutable_data_ptr<Number>();
    const auto* factors = factor.const_data_ptr<Number>();
    const auto* shifts = shift.const_data_ptr<Number>();
    for_each_slice(layout, [&](int64_t at, const Slice& slice, int64_t group, int64_t first) {
      const int64_t of_group = group * layout.channels + first;
      normalize(from + at, to + at, slice, Statistics<Number>{mean + of_group, variance + of_group},
                Affine<Number>{factors + first, shifts + first},
                Slopes<Number>{1, static_cast<Number>(slope)});
    });
  });
  return result;
}

struct Gradients {
  at::Tensor x;
  // [groups, C]
  at::Tensor factor, shift;
};

Gradients backward_of(const at::Tensor& dy, const at::Tensor& x, const Layout& layout,
                      const at::Tensor& mean, const at::Tensor& variance, const at::Tensor& factor,
                      const at::Tensor& shift, double slope) {
  Gradients result{at::empty_like(x), at::empty_like(mean), at::empty_like(mean)};
  SCGAN_DISPATCH(x.scalar_type(), [&] {
    using Number = NumberFor<scalar_t>;
    const auto* values = x.const_data_ptr<scalar_t>();
    const auto* given = dy.const_data_ptr<scalar_t>();
    auto* to = result.x.mutable_data_ptr<scalar_t>();
    auto* means = mean.mutable_data_ptr<Number>();
    auto* variances = variance.mutable_data_ptr<Number>();
    const auto* factors = factor.const_data_ptr<Number>();
    const auto* shifts = shift.const_data_ptr<Number>();
    auto* of_factor = result.factor.mutable_data_ptr<Number>();
    auto* of_shift = result.shift.mutable_data_ptr<Number>();
    for_each_slice(layout, [&](int64_t at, const Slice& slice, int64_t group, int64_t first) {
      const int64_t of_group = group * layout.channels + first;
      differentiate(values + at, given + at, to + at, slice,
                    Statistics<Number>{means + of_group, variances + of_group},
                    Affine<Number>{factors + first, shifts + first},
                    AffineGradient<Number>{of_factor + of_group, of_shift + of_group},
                    Slopes<Number>{1, static_cast<Number>(slope)});
    });
  });
  return result;
}

#undef SCGAN_DISPATCH

class CpuInstanceNorm : public autograd::Function<CpuInstanceNorm> {
 public:
  static at::Tensor forward(autograd::AutogradContext* context, const at::Tensor& input,
                            double slope) {
    const at::Tensor x = input.contiguous(at::MemoryFormat::ChannelsLast);
    const at::Tensor ones = at::ones({x.size(1)}, number_options(x));
    const at::Tensor zeros = at::zeros({x.size(1)}, number_options(x));
    Normalized result = forward_of(x, by_image(x), ones, zeros, slope);
    context->save_for_backward({x, result.mean, result.variance, ones, zeros});
    context->saved_data["slope"] = slope;
    return result.y;
  }

  static autograd::variable_list backward(autograd::AutogradContext* context,
                                          const autograd::variable_list& gradients) {
    const autograd::variable_list saved = context->get_saved_variables();
    const at::Tensor dy = gradients[0].contiguous(at::MemoryFormat::ChannelsLast);
    return {backward_of(dy, saved[0], by_image(saved[0]), saved[1], saved[2], saved[3], saved[4],
                        context->saved_data["slope"].toDouble())
                .x,
            at::Tensor()};
  }
};

// Returns also mean and variance of each channel of the batch.
class CpuBatchNorm : public autograd::Function<CpuBatchNorm> {
 public:
  static autograd::variable_list forward(autograd::AutogradContext* context,
                                         const at::Tensor& input, const at::Tensor& factor,
                                         const at::Tensor& shift, double slope) {
    const at::Tensor x = input.contiguous(at::MemoryFormat::ChannelsLast);
    Normalized result = forward_of(x, by_batch(x), factor, shift, slope);
    context->save_for_backward({x, result.mean, result.variance, factor, shift});
    context->saved_data["slope"] = slope;
    context->mark_non_differentiable({result.mean, result.variance});
    return {result.y, result.mean, result.variance};
  }

  static autograd::variable_list backward(autograd::AutogradContext* context,
                                          const autograd::variable_list& gradients) {
    const autograd::variable_list saved = context->get_saved_variables();
    const at::Tensor dy = gradients[0].contiguous(at::MemoryFormat::ChannelsLast);
    const Gradients of = backward_of(dy, saved[0], by_batch(saved[0]), saved[1], saved[2], saved[3],
                                     saved[4], context->saved_data["slope"].toDouble());
    return {of.x, of.factor.squeeze(0), of.shift.squeeze(0), at::Tensor()};
  }
};

at::Tensor activate(const at::Tensor& x, double slope) {
  if (slope == kIdentitySlope) return x;
  return slope == kReluSlope ? at::relu(x) : at::leaky_relu(x, slope);
}

}  // namespace

at::Tensor instance_norm(const at::Tensor& x, double negative_slope) {
  if (x.is_cpu()) return CpuInstanceNorm::apply(x, negative_slope);
  return activate(gpu_instance_norm(x, kEpsilon), negative_slope);
}

at::Tensor BatchNormImpl::forward(const at::Tensor& x) {
  if (!x.is_cpu()) return activate(gpu_batch_norm(*this, x), negative_slope_);
  if (!is_training()) return activate(BatchNorm2dImpl::forward(x), negative_slope_);
  const autograd::variable_list of = CpuBatchNorm::apply(x, weight, bias, negative_slope_);
  const at::NoGradGuard no_grad;
  num_batches_tracked.add_(1);
  const auto count = static_cast<double>(x.size(0) * x.size(2) * x.size(3));
  const double momentum = options.momentum().value();
  running_mean.mul_(1 - momentum).add_(of[1].squeeze(0), momentum);
  running_var.mul_(1 - momentum).add_(of[2].squeeze(0), momentum * count / (count - 1));
  return of[0];
}

}  // namespace scgan
