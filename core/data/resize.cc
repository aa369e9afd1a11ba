#include "core/data/resize.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
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
  std::vector<Taps> all(static_cast<size_t>(out));
  for (int64_t i = 0; i < out; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    const int64_t first = std::max<int64_t>(static_cast<int64_t>(centre - support + 0.5), 0);
    const int64_t last = std::min<int64_t>(static_cast<int64_t>(centre + support + 0.5), in);
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

void store(double value, float& out) { out = static_cast<float>(value); }
void store(double value, uint8_t& out) {
  out = static_cast<uint8_t>(std::clamp(value + 0.5, 0.0, 255.0));  // the cast rounds down
}

// `lines` lines of `in` pixels each, along the line.
template <typename T>
void resize_horizontally(const T* from, T* to, int64_t lines, int64_t in,
                         const std::vector<Taps>& taps) {
  for (int64_t line = 0; line < lines; ++line, from += in) {
    for (const Taps& tap : taps) {
      const T* pixel = from + tap.first;
      double sum = 0;
      for (const double weight : tap.weights) sum += weight * static_cast<double>(*pixel++);
      store(sum, *to++);
    }
  }
}

// One plane of lines of `width` pixels, across the lines; line by line, which caches and vectorises
// well.
template <typename T>
void resize_vertically(const T* from, T* to, int64_t width, const std::vector<Taps>& taps) {
  std::vector<double> sums(static_cast<size_t>(width));
  for (const Taps& tap : taps) {
    std::fill(sums.begin(), sums.end(), 0.0);
    const T* line = from + tap.first * width;
    for (const double weight : tap.weights) {
      for (int64_t x = 0; x < width; ++x) {
        sums[static_cast<size_t>(x)] += weight * static_cast<double>(line[x]);
      }
      line += width;
    }
    for (const double sum : sums) store(sum, *to++);
  }
}

template <typename T>
at::Tensor resize_as(const at::Tensor& image, int64_t height, int64_t width) {
  const int64_t channels = image.size(0);
  const int64_t in_height = image.size(1);
  at::Tensor wide = at::empty({channels, in_height, width}, image.options());
  resize_horizontally(image.const_data_ptr<T>(), wide.mutable_data_ptr<T>(), channels * in_height,
                      image.size(2), taps_of(image.size(2), width));
  at::Tensor result = at::empty({channels, height, width}, image.options());
  const auto taps = taps_of(in_height, height);
  for (int64_t c = 0; c < channels; ++c) {
    resize_vertically(wide.const_data_ptr<T>() + c * in_height * width,
                      result.mutable_data_ptr<T>() + c * height * width, width, taps);
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
