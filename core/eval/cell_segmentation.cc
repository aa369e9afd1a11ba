#include "core/eval/cell_segmentation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <utility>

namespace scgan {
namespace {

// Larger images are downsampled to about this side, in pixels.
constexpr int kWorkingSide = 128;
// One smoothing pass per this many pixels of the side.
constexpr int kPixelsPerPass = 64;
constexpr double kBackgroundShare = 0.1;     // of the pixels, in any image
constexpr int kBins = 256;                   // of the histogram, over square roots of 0 ... 255
constexpr double kLowestThreshold = 4;       // grey levels; anything dimmer is noise
constexpr double kSmallestNucleus = 0.0012;  // area relative to the image's
// Two nuclei are one when the neck between them is at least this share of the narrower one's width.
constexpr double kNeckRatio = 0.75;
constexpr int kFar = 1 << 24;  // larger than any distance in an image
// Half the side of the squares that texture is measured in, relative to the image's side.
constexpr double kTextureReach = 2.0 / 64;
// Grey levels; the contrast of a dimmer cell is not defined.
constexpr double kDimmest = 1;
constexpr double kPixelVariance = 1.0 / 12;  // of a uniform distribution over one pixel

using Plane = std::vector<float>;

// An image downsampled to the working size, its background subtracted.
struct PreparedImage {
  int height = 0, width = 0;
  std::array<Plane, 3> channels;
  // Smoothed.
  Plane body, nucleus;

  size_t pixels() const { return body.size(); }
  double side() const { return std::min(height, width); }
};

// One pass of the binomial filter (1 2 1) / 4 along both axes.
Plane smooth_once(const Plane& plane, int height, int width) {
  const auto mixed = [](float before, float here, float after) {
    return (before + 2 * here + after) / 4;
  };
  Plane along(plane.size()), to(plane.size());
  const auto stride = static_cast<size_t>(width);
  for (int row = 0; row < height; ++row) {
    const float* from = plane.data() + static_cast<size_t>(row) * stride;
    float* line = along.data() + static_cast<size_t>(row) * stride;
    for (int x = 0; x < width; ++x) {
      line[x] = mixed(from[std::max(x - 1, 0)], from[x], from[std::min(x + 1, width - 1)]);
    }
  }
  for (int row = 0; row < height; ++row) {
    const float* above = along.data() + static_cast<size_t>(std::max(row - 1, 0)) * stride;
    const float* here = along.data() + static_cast<size_t>(row) * stride;
    const float* below = along.data() + static_cast<size_t>(std::min(row + 1, height - 1)) * stride;
    float* line = to.data() + static_cast<size_t>(row) * stride;
    for (int x = 0; x < width; ++x) line[x] = mixed(above[x], here[x], below[x]);
  }
  return to;
}

Plane shrink(const uint8_t* from, int64_t width, int factor, const PreparedImage& prepared) {
  Plane plane(static_cast<size_t>(prepared.height) * static_cast<size_t>(prepared.width));
  size_t to = 0;
  for (int row = 0; row < prepared.height; ++row) {
    for (int column = 0; column < prepared.width; ++column, ++to) {
      int sum = 0;
      for (int y = row * factor; y < (row + 1) * factor; ++y) {
        for (int x = column * factor; x < (column + 1) * factor; ++x) sum += from[y * width + x];
      }
      plane[to] = static_cast<float>(sum) / static_cast<float>(factor * factor);
    }
  }
  return plane;
}

float background_level(Plane plane) {
  const auto at = static_cast<std::ptrdiff_t>(kBackgroundShare * static_cast<double>(plane.size()));
  std::nth_element(plane.begin(), plane.begin() + at, plane.end());
  return plane[static_cast<size_t>(at)];
}

PreparedImage prepare(const at::Tensor& image) {
  const int64_t height = image.size(1);
  const int64_t width = image.size(2);
  const int factor = std::max(1, static_cast<int>(std::min(height, width)) / kWorkingSide);
  PreparedImage prepared;
  prepared.height = static_cast<int>(height) / factor;
  prepared.width = static_cast<int>(width) / factor;
  const int passes = std::max(1, static_cast<int>(prepared.side()) / kPixelsPerPass);
  const at::Tensor contiguous = image.contiguous();
  const auto* from = contiguous.const_data_ptr<uint8_t>();
  std::array<Plane, 3> smoothed;
  for (size_t c = 0; c < smoothed.size(); ++c, from += height * width) {
    prepared.channels[c] = smoothed[c] = shrink(from, width, factor, prepared);
    for (int i = 0; i < passes; ++i)
      smoothed[c] = smooth_once(smoothed[c], prepared.height, prepared.width);
    const float background = background_level(smoothed[c]);
    for (float& level : prepared.channels[c]) level -= background;
    for (float& level : smoothed[c]) level = std::max(level - background, 0.0F);
  }
  prepared.body = std::move(smoothed[0]);
  for (size_t i = 0; i < prepared.body.size(); ++i) {
    prepared.body[i] = (prepared.body[i] + smoothed[1][i]) / 2;
  }
  prepared.nucleus = std::move(smoothed[2]);
  return prepared;
}

using Histogram = std::array<double, kBins>;

void count_levels(const Plane& plane, Histogram& histogram) {
  for (const float level : plane) {
    const auto bin = static_cast<size_t>(std::sqrt(level) * 16);  // sqrt(255) * 16 < 256
    ++histogram[std::min<size_t>(bin, kBins - 1)];
  }
}

double otsu_threshold(const Histogram& histogram) {
  double total = 0, sum = 0;
  for (int i = 0; i < kBins; ++i) {
    total += histogram[static_cast<size_t>(i)];
    sum += i * histogram[static_cast<size_t>(i)];
  }
  double below = 0, sum_below = 0, best = 0;
  int threshold = 0;
  for (int i = 0; i < kBins; ++i) {
    below += histogram[static_cast<size_t>(i)];
    sum_below += i * histogram[static_cast<size_t>(i)];
    if (below == 0 || below == total) continue;
    const double apart = sum_below / below - (sum - sum_below) / (total - below);
    const double between = below * (total - below) * apart * apart;
    if (between > best) {
      best = between;
      threshold = i + 1;
    }
  }
  return std::max(threshold * threshold / 256.0, kLowestThreshold);
}

// Calls visit(neighbour, 3 or 4): the lengths of straight and diagonal steps (chamfer distance).
template <typename Visit>
void each_neighbour(const PreparedImage& prepared, int pixel, const Visit& visit) {
  const int row = pixel / prepared.width;
  const int column = pixel % prepared.width;
  for (int y = std::max(row - 1, 0); y <= std::min(row + 1, prepared.height - 1); ++y) {
    for (int x = std::max(column - 1, 0); x <= std::min(column + 1, prepared.width - 1); ++x) {
      if (y != row || x != column) visit(y * prepared.width + x, y != row && x != column ? 4 : 3);
    }
  }
}

using Labels = std::vector<int>;  // of each pixel: a number from 0, or -1

// Gives every pixel of `mask` the nearest label, with distances measured inside the mask:
// Dijkstra's algorithm with one bucket per length.
void grow_labels(const PreparedImage& prepared, const std::vector<char>& mask, Labels& labels) {
  std::vector<std::vector<std::pair<int, int>>> open(1);  // pixel and label by length
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] >= 0) open[0].emplace_back(static_cast<int>(i), labels[i]);
  }
  std::vector<char> done(labels.size(), 0);
  for (size_t length = 0; length < open.size(); ++length) {
    const auto nearest = std::exchange(open[length], {});
    if (!nearest.empty()) open.resize(std::max(open.size(), length + 5));
    for (const auto& [pixel, label] : nearest) {
      if (done[static_cast<size_t>(pixel)]) continue;
      done[static_cast<size_t>(pixel)] = 1;
      labels[static_cast<size_t>(pixel)] = label;
      each_neighbour(prepared, pixel, [&, from = label](int next, int step) {
        const auto to = static_cast<size_t>(next);
        if (mask[to] && !done[to])
          open[length + static_cast<size_t>(step)].emplace_back(next, from);
      });
    }
  }
}

// The chamfer distance of each pixel to the nearest one outside the mask, in thirds of a pixel;
// what lies beyond the image counts as mask. One pass from the top left, one from the bottom right
// (Borgefors, "Distance transformations in digital images", 1986).
std::vector<int> distances_to_background(const PreparedImage& prepared,
                                         const std::vector<char>& mask) {
  std::vector<int> depth(mask.size());
  const int count = static_cast<int>(mask.size());
  for (int i = 0; i < count; ++i)
    depth[static_cast<size_t>(i)] = mask[static_cast<size_t>(i)] ? kFar : 0;
  const auto lower = [&](int pixel) {
    int& mine = depth[static_cast<size_t>(pixel)];
    if (mine == 0) return;
    each_neighbour(prepared, pixel, [&](int next, int step) {
      mine = std::min(mine, depth[static_cast<size_t>(next)] + step);
    });
  };
  for (int i = 0; i < count; ++i) lower(i);
  for (int i = count - 1; i >= 0; --i) lower(i);
  return depth;
}

// The basins of a watershed: disjoint sets, each with the largest distance in it.
class Basins {
 public:
  int add(int peak) {
    parents_.push_back(static_cast<int>(parents_.size()));
    peaks_.push_back(peak);
    return parents_.back();
  }
  int root(int basin) const {
    while (parents_[static_cast<size_t>(basin)] != basin)
      basin = parents_[static_cast<size_t>(basin)];
    return basin;
  }
  int peak(int root) const { return peaks_[static_cast<size_t>(root)]; }
  void merge(int lower, int higher) { parents_[static_cast<size_t>(lower)] = higher; }

 private:
  std::vector<int> parents_, peaks_;
};

// Splits the mask at its necks: a watershed on the distance to the background, from the deepest
// pixel on, in which two basins merge unless the neck between them is narrow (kNeckRatio).
Labels watershed(const PreparedImage& prepared, const std::vector<char>& mask) {
  const auto depth = distances_to_background(prepared, mask);
  std::vector<int> order;
  for (size_t i = 0; i < mask.size(); ++i)
    if (mask[i]) order.push_back(static_cast<int>(i));
  const auto deep = [&](int pixel) { return depth[static_cast<size_t>(pixel)]; };
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return deep(a) > deep(b); });
  Labels labels(mask.size(), -1);
  Basins basins;
  for (const int pixel : order) {
    int mine = -1;
    each_neighbour(prepared, pixel, [&](int next, int) {
      if (labels[static_cast<size_t>(next)] < 0) return;
      int other = basins.root(labels[static_cast<size_t>(next)]);
      if (mine < 0 || mine == other) {
        mine = other;
        return;
      }
      if (basins.peak(other) > basins.peak(mine)) std::swap(mine, other);
      if (deep(pixel) >= kNeckRatio * basins.peak(other)) basins.merge(other, mine);
    });
    labels[static_cast<size_t>(pixel)] = mine >= 0 ? mine : basins.add(deep(pixel));
  }
  for (int& label : labels)
    if (label >= 0) label = basins.root(label);
  return labels;
}

// Numbers the labels of `smallest` or more pixels from 0, in the order of their first pixels, and
// drops the others. Returns how many there are.
int renumber(Labels& labels, double smallest) {
  std::vector<int> sizes(labels.size() + 1, 0), numbers(labels.size() + 1, -1);
  for (const int label : labels) ++sizes[static_cast<size_t>(label + 1)];
  int count = 0;
  for (int& label : labels) {
    if (label < 0) continue;
    const auto at = static_cast<size_t>(label + 1);
    if (sizes[at] < smallest) {
      label = -1;
      continue;
    }
    if (numbers[at] < 0) numbers[at] = count++;
    label = numbers[at];
  }
  return count;
}

// Sums of `value` over squares of pixels, each in constant time (a summed-area table).
class SquareSums {
 public:
  template <typename Value>
  SquareSums(const PreparedImage& prepared, const Value& value)
      : stride_(static_cast<size_t>(prepared.width) + 1),
        sums_(stride_ * (static_cast<size_t>(prepared.height) + 1), 0.0) {
    for (size_t i = 0, to = stride_ + 1; i < prepared.pixels(); ++i, ++to) {
      if (i > 0 && i % (stride_ - 1) == 0) ++to;
      sums_[to] = value(i) + sums_[to - 1] + sums_[to - stride_] - sums_[to - stride_ - 1];
    }
  }

  // Over the square of side 2 * reach + 1 around a pixel. The square must lie inside the image.
  double around(int row, int column, int reach) const {
    const size_t top = static_cast<size_t>(row - reach) * stride_;
    const size_t bottom = static_cast<size_t>(row + reach + 1) * stride_;
    const auto left = static_cast<size_t>(column - reach);
    const auto right = static_cast<size_t>(column + reach + 1);
    return sums_[bottom + right] - sums_[top + right] - sums_[bottom + left] + sums_[top + left];
  }

 private:
  size_t stride_;
  std::vector<double> sums_;
};

// Sums over a cell's pixels.
struct CellSums {
  double pixels = 0, x = 0, y = 0, xx = 0, xy = 0, yy = 0, light = 0;
  // Over the pixels whose whole surrounding square belongs to cells.
  double squares = 0, level = 0, deviation = 0;

  void add(double column, double row, double body) {
    pixels += 1;
    x += column;
    y += row;
    xx += column * column;
    xy += column * row;
    yy += row * row;
    light += body;
  }

  MeasuredCell cell(double side) const {
    MeasuredCell cell;
    cell.radius = std::sqrt(pixels / std::numbers::pi) / side;
    const double variance_x = xx / pixels - x / pixels * (x / pixels) + kPixelVariance;
    const double variance_y = yy / pixels - y / pixels * (y / pixels) + kPixelVariance;
    const double covariance = xy / pixels - x / pixels * (y / pixels);
    const double middle = (variance_x + variance_y) / 2;
    const double half = std::hypot((variance_x - variance_y) / 2, covariance);
    cell.elongation = std::sqrt((middle + half) / std::max(middle - half, kPixelVariance));
    cell.intensity = light / pixels;
    if (squares > 0 && level / squares >= kDimmest) {
      cell.texture = std::sqrt(deviation / squares) / (level / squares);
    }
    return cell;
  }
};

// Deviations of channel 1 from the mean of a small square, where the whole square belongs to cells:
// neither a cell's outline nor its curvature counts as texture.
void add_textures(const PreparedImage& prepared, const Labels& labels,
                  std::vector<CellSums>& sums) {
  const int reach = std::max(1, static_cast<int>(std::lround(kTextureReach * prepared.side())));
  const Plane& levels = prepared.channels[1];
  const double whole = (2 * reach + 1) * (2 * reach + 1);
  const SquareSums inside(prepared, [&](size_t i) { return labels[i] >= 0 ? 1.0 : 0.0; });
  const SquareSums light(prepared, [&](size_t i) { return labels[i] >= 0 ? levels[i] : 0.0; });
  for (int row = reach; row + reach < prepared.height; ++row) {
    for (int column = reach; column + reach < prepared.width; ++column) {
      if (inside.around(row, column, reach) < whole) continue;
      const auto i = static_cast<size_t>(row * prepared.width + column);
      const double mean = light.around(row, column, reach) / whole;
      CellSums& cell = sums[static_cast<size_t>(labels[i])];
      cell.squares += 1;
      cell.level += mean;
      cell.deviation += (levels[i] - mean) * (levels[i] - mean);
    }
  }
}

std::vector<MeasuredCell> measure_labels(const PreparedImage& prepared, const Labels& labels,
                                         int count) {
  std::vector<CellSums> sums(static_cast<size_t>(count));
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < 0) continue;
    const int pixel = static_cast<int>(i);
    const int row = pixel / prepared.width, column = pixel % prepared.width;
    const double body = (prepared.channels[0][i] + prepared.channels[1][i]) / 2;
    sums[static_cast<size_t>(labels[i])].add(column, row, body);
  }
  add_textures(prepared, labels, sums);
  std::vector<MeasuredCell> cells;
  cells.reserve(sums.size());
  for (const CellSums& cell : sums) cells.push_back(cell.cell(prepared.side()));
  return cells;
}

}  // namespace

CellThresholds cell_thresholds(const at::Tensor& images) {
  Histogram body{}, nucleus{};
  for (int64_t i = 0; i < images.size(0); ++i) {
    const PreparedImage prepared = prepare(images[i]);
    count_levels(prepared.body, body);
    count_levels(prepared.nucleus, nucleus);
  }
  return {otsu_threshold(body), otsu_threshold(nucleus)};
}

std::vector<MeasuredCell> measure_cells(const at::Tensor& image, const CellThresholds& thresholds) {
  const PreparedImage prepared = prepare(image);
  std::vector<char> nuclei(prepared.pixels()), bodies(prepared.pixels());
  for (size_t i = 0; i < prepared.pixels(); ++i) {
    const bool nucleus = prepared.nucleus[i] > thresholds.nucleus;
    nuclei[i] = nucleus ? 1 : 0;
    bodies[i] = nucleus || prepared.body[i] > thresholds.body ? 1 : 0;
  }
  Labels labels = watershed(prepared, nuclei);
  const int count = renumber(labels, kSmallestNucleus * static_cast<double>(prepared.pixels()));
  grow_labels(prepared, bodies, labels);
  return measure_labels(prepared, labels, count);
}

}  // namespace scgan
