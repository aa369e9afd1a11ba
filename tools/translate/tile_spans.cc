#include "tools/translate/tile_spans.h"

#include <cmath>
#include <numbers>

namespace scgan {
namespace {

// 0 to 1 over `length` pixels; 1 from there on. The ramps of two neighbours add up to 1.
double ramp(int64_t pixel, int64_t length) {
  if (pixel >= length) return 1;
  const double share = (static_cast<double>(pixel) + 0.5) / static_cast<double>(length);
  const double sine = std::sin(std::numbers::pi / 2 * share);
  return sine * sine;
}

// The ramps from the edges that other tiles overlap. More than two tiles may share a pixel.
void set_weights(std::vector<TileSpan>& spans, int64_t length, int64_t tile) {
  std::vector<double> sums(static_cast<size_t>(length), 0);
  for (size_t i = 0; i < spans.size(); ++i) {
    const int64_t start = spans[i].start;
    const int64_t before = i == 0 ? 0 : spans[i - 1].start + tile - start;
    const int64_t behind = i + 1 == spans.size() ? 0 : start + tile - spans[i + 1].start;
    for (int64_t pixel = 0; pixel < tile; ++pixel) {
      const double weight = ramp(pixel, before) * ramp(tile - 1 - pixel, behind);
      spans[i].weights.push_back(weight);
      sums[static_cast<size_t>(start + pixel)] += weight;
    }
  }
  for (TileSpan& span : spans) {
    for (size_t i = 0; i < span.weights.size(); ++i) {
      span.weights[i] /= sums[static_cast<size_t>(span.start) + i];
    }
  }
}

}  // namespace

std::vector<TileSpan> tile_spans(int64_t length, int64_t tile, int64_t overlap) {
  const int64_t step = tile - overlap;
  const int64_t gaps = (length - tile + step - 1) / step;
  std::vector<TileSpan> spans;
  for (int64_t i = 0; i <= gaps; ++i) {
    const int64_t start = gaps == 0 ? 0 : i * (length - tile) / gaps;
    spans.push_back({start / kSideMultiple * kSideMultiple, {}});
  }
  set_weights(spans, length, tile);
  return spans;
}

}  // namespace scgan
