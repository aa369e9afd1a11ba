#include "core/image/resize.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <type_traits>
#include <vector>

namespace scgan {
namespace {

// Keys' cubic convolution kernel with a = -0.5.
double keys_cubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

// The input pixels that make one output pixel, and their weights.
struct Taps {
  int64_t first = 0;
  std::vector<double> weights;
};

std::vector<Taps> taps_of(int64_t in, int64_t out) {
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  const double stretch = std::max(scale, 1.0);  // the kernel widens when shrinking
  const double support = 2.0 * stretch;
  const auto nearest = [](double place) { return static_cast<int64_t>(std::floor(place + 0.5)); };
  std::vector<Taps> all(static_cast<size_t>(out));
  for (int64_t i = 0; i < out; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    const int64_t first = std::max<int64_t>(nearest(centre - support), 0);
    const int64_t last = std::min<int64_t>(nearest(centre + support), in);
    Taps& taps = all[static_cast<size_t>(i)];
    taps.first = first;
    double sum = 0;
    for (int64_t k = first; k < last; ++k) {
      taps.weights.push_back(keys_cubic((static_cast<double>(k) - centre + 0.5) / stretch));
      sum += taps.weights.back();
    }
    for (double& weight : taps.weights) weight /= sum;
  }
  return all;
}

// Both passes compute in float for uint8, whose levels it holds exactly, and in double for float.
template <typename T>
using WorkOf = std::conditional_t<std::is_same_v<T, uint8_t>, float, double>;

// What a pass leaves of a sum: a whole level from 0 to 255 for uint8, the float for float.
template <typename T, typename Work>
T kept(Work sum) {
  if constexpr (std::is_same_v<T, uint8_t>) {
    const int level = static_cast<int>(sum + Work{0.5});  // towards 0, which clips below anyway
    return static_cast<T>(level < 0 ? 0 : level > 255 ? 255 : level);
  } else {
    return static_cast<T>(sum);
  }
}

// sum[x] += the weighted values of as many lines as there are weights, in their order. Four lines
// at once, which is what enlarging takes.
template <typename Work>
void add_lines(const Work* line, int64_t width, const std::vector<double>& weights, Work* sum) {
  size_t k = 0;
  for (; k + 4 <= weights.size(); k += 4, line += 4 * width) {
    const std::array<Work, 4> w{static_cast<Work>(weights[k]), static_cast<Work>(weights[k + 1]),
                                static_cast<Work>(weights[k + 2]),
                                static_cast<Work>(weights[k + 3])};
    for (int64_t x = 0; x < width; ++x) {
      sum[x] = sum[x] + w[0] * line[x] + w[1] * line[x + width] + w[2] * line[x + 2 * width] +
               w[3] * line[x + 3 * width];
    }
  }
  for (; k < weights.size(); ++k, line += width) {
    const auto w = static_cast<Work>(weights[k]);
    for (int64_t x = 0; x < width; ++x) sum[x] += w * line[x];
  }
}

// Lines of `width` pixels to as many lines as there are taps, line by line, which caches and
// vectorises well. T: what the image has; To: T, or Work for what goes into the next pass.
template <typename T, typename Work, typename To>
void resize_lines(const Work* from, To* to, int64_t width, const std::vector<Taps>& taps) {
  std::vector<Work> sums(static_cast<size_t>(width));
  Work* const sum = sums.data();
  for (const Taps& tap : taps) {
    std::fill(sums.begin(), sums.end(), Work{0});
    add_lines(from + tap.first * width, width, tap.weights, sum);
    for (int64_t x = 0; x < width; ++x) to[x] = static_cast<To>(kept<T>(sum[x]));
    to += width;
  }
}

// [height, width] -> [width, height], in blocks that stay in the cache.
template <typename From, typename To>
void transpose(const From* from, To* to, int64_t height, int64_t width) {
  constexpr int64_t kBlock = 16;
  for (int64_t top = 0; top < height; top += kBlock) {
    for (int64_t left = 0; left < width; left += kBlock) {
      const int64_t bottom = std::min(top + kBlock, height);
      for (int64_t x = left; x < std::min(left + kBlock, width); ++x) {
        for (int64_t y = top; y < bottom; ++y)
          to[x * height + y] = static_cast<To>(from[y * width + x]);
      }
    }
  }
}

template <typename T>
at::Tensor resize_as(const at::Tensor& image, int64_t height, int64_t width) {
  using Work = WorkOf<T>;
  const int64_t in_height = image.size(1);
  const int64_t in_width = image.size(2);
  const auto across = taps_of(in_width, width);
  const auto down = taps_of(in_height, height);
  at::Tensor result = at::empty({image.size(0), height, width}, image.options());
  std::vector<Work> turned(static_cast<size_t>(in_height * in_width));
  std::vector<Work> turned_wide(static_cast<size_t>(in_height * width));
  std::vector<Work> wide(turned_wide.size());
  for (int64_t c = 0; c < image.size(0); ++c) {
    transpose(image.const_data_ptr<T>() + c * in_height * in_width, turned.data(), in_height,
              in_width);
    resize_lines<T>(turned.data(), turned_wide.data(), in_height, across);
    transpose(turned_wide.data(), wide.data(), width, in_height);
    resize_lines<T>(wide.data(), result.mutable_data_ptr<T>() + c * height * width, width, down);
  }
  return result;
}

}  // namespace

at::Tensor resize_bicubic(const at::Tensor& image, int64_t height, int64_t width) {
  TORCH_INTERNAL_ASSERT(image.dim() == 3 && image.is_cpu());
  if (image.size(1) == height && image.size(2) == width) return image;
  const at::Tensor whole = image.contiguous();
  return whole.scalar_type() == at::kByte ? resize_as<uint8_t>(whole, height, width)
                                          : resize_as<float>(whole, height, width);
}

}  // namespace scgan
