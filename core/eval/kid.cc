#include "core/eval/kid.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>
#include <utility>
#include <vector>

#include "core/base/counter_rng.h"
#include "core/base/error.h"

namespace scgan {
namespace {

// Up to this many images per set, three kernel matrices of at most 128 MiB are kept.
constexpr int64_t kWholeMatrix = 4096;
constexpr int64_t kBlockRows = 1024;

// k(x, y) = (x . y / d + 1)^3 for all pairs, [n, m].
at::Tensor kernel(const at::Tensor& x, const at::Tensor& y) {
  return x.mm(y.t()).div_(static_cast<double>(x.size(1))).add_(1).pow_(3);
}

// The sums behind MMD^2 between sets of n and m images. Within a set, the pairs of an image with
// itself are summed separately.
struct Sums {
  double aa = 0, bb = 0, ab = 0;
  double self_a = 0, self_b = 0;
  int64_t n = 0, m = 0;

  double distance() const {
    const auto rows = static_cast<double>(n);
    const auto columns = static_cast<double>(m);
    return aa / (rows * (rows - 1)) + bb / (columns * (columns - 1)) - 2 * ab / (rows * columns);
  }
  double biased_distance() const {
    const auto rows = static_cast<double>(n);
    const auto columns = static_cast<double>(m);
    return (aa + self_a) / (rows * rows) + (bb + self_b) / (columns * columns) -
           2 * ab / (rows * columns);
  }
};

std::pair<double, double> sums_of_pairs(const at::Tensor& within) {
  const at::Tensor self = within.diagonal().sum();
  return {(within.sum() - self).item<double>(), self.item<double>()};
}

// The kernel's values between all features, or only the features when the matrices would be too
// large.
class Kernels {
 public:
  Kernels(const at::Tensor& a, const at::Tensor& b) : a_(a), b_(b) {
    if (std::max(a.size(0), b.size(0)) > kWholeMatrix) return;
    aa_ = kernel(a, a);
    bb_ = kernel(b, b);
    ab_ = kernel(a, b);
  }

  Sums sums() const {
    if (aa_.defined()) return sums(aa_, bb_, ab_);
    Sums total{.n = a_.size(0), .m = b_.size(0)};
    total.self_a = diagonal_sum(a_);
    total.self_b = diagonal_sum(b_);
    for (const at::Tensor& rows : a_.split(kBlockRows)) {
      total.aa += kernel(rows, a_).sum().item<double>();
      total.ab += kernel(rows, b_).sum().item<double>();
    }
    for (const at::Tensor& rows : b_.split(kBlockRows)) {
      total.bb += kernel(rows, b_).sum().item<double>();
    }
    total.aa -= total.self_a;
    total.bb -= total.self_b;
    return total;
  }

  // The unbiased MMD^2 between subsets of the images.
  double distance(const at::Tensor& of_a, const at::Tensor& of_b) const {
    if (!aa_.defined()) {
      const at::Tensor a = a_.index_select(0, of_a);
      const at::Tensor b = b_.index_select(0, of_b);
      return sums(kernel(a, a), kernel(b, b), kernel(a, b)).distance();
    }
    const auto block = [](const at::Tensor& k, const at::Tensor& rows, const at::Tensor& columns) {
      return k.index_select(0, rows).index_select(1, columns);
    };
    return sums(block(aa_, of_a, of_a), block(bb_, of_b, of_b), block(ab_, of_a, of_b)).distance();
  }

 private:
  static Sums sums(const at::Tensor& aa, const at::Tensor& bb, const at::Tensor& ab) {
    Sums result{.ab = ab.sum().item<double>(), .n = ab.size(0), .m = ab.size(1)};
    std::tie(result.aa, result.self_a) = sums_of_pairs(aa);
    std::tie(result.bb, result.self_b) = sums_of_pairs(bb);
    return result;
  }
  static double diagonal_sum(const at::Tensor& x) {
    return x.square()
        .sum(1)
        .div_(static_cast<double>(x.size(1)))
        .add_(1)
        .pow_(3)
        .sum()
        .item<double>();
  }

  at::Tensor a_, b_;
  at::Tensor aa_, bb_, ab_;
};

// `size` different indices below `count`, ascending: the first steps of a Fisher-Yates shuffle.
// Sorted, so that a subset of all images has the bits of the full estimate.
at::Tensor subset(const CounterRng& draws, int64_t count, int64_t size, uint32_t number,
                  uint32_t set) {
  std::vector<int64_t> order(static_cast<size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  for (int64_t i = 0; i < size; ++i) {
    const auto left = static_cast<uint32_t>(count - i);
    const int64_t chosen = i + draws.index(left, number, static_cast<uint32_t>(i), set);
    std::swap(order[static_cast<size_t>(i)], order[static_cast<size_t>(chosen)]);
  }
  order.resize(static_cast<size_t>(size));
  std::sort(order.begin(), order.end());
  return at::tensor(order, at::kLong);
}

at::Tensor checked_features(const at::Tensor& features) {
  at::Tensor exact = features.to(at::kCPU, at::kDouble).contiguous();
  if (!exact.isfinite().all().item<bool>()) {
    throw Error(ErrorKind::kData, "KID: a feature is not a finite number");
  }
  return exact;
}

}  // namespace

KidResult kernel_distance(const at::Tensor& a, const at::Tensor& b, const KidOptions& options) {
  const at::NoGradGuard no_grad;
  if (a.dim() != 2 || b.dim() != 2 || a.size(1) != b.size(1) || a.size(1) == 0 || a.size(0) < 2 ||
      b.size(0) < 2) {
    throw Error(
        ErrorKind::kData,
        "KID needs two sets of feature vectors of the same length, each of 2 or more images");
  }
  if (options.subsets < 1 || options.subset_size < 2) {
    throw Error(ErrorKind::kInvalidSpec, "KID needs 1 or more subsets of 2 or more images");
  }
  const Kernels kernels(checked_features(a), checked_features(b));
  KidResult result;
  const Sums all = kernels.sums();
  result.full = all.distance();
  result.full_biased = all.biased_distance();
  result.subset_size = std::min({a.size(0), b.size(0), options.subset_size});
  const CounterRng draws(static_cast<uint32_t>(options.seed), Purpose::kKidSubsets);
  at::Tensor values = at::empty({options.subsets}, at::kDouble);
  for (int64_t i = 0; i < options.subsets; ++i) {
    const auto number = static_cast<uint32_t>(i);
    const at::Tensor of_a = subset(draws, a.size(0), result.subset_size, number, 0);
    const at::Tensor of_b = subset(draws, b.size(0), result.subset_size, number, 1);
    values[i] = kernels.distance(of_a, of_b);
  }
  result.subset_mean = values.mean().item<double>();
  if (options.subsets > 1 && result.subset_size < std::max(a.size(0), b.size(0))) {
    result.subset_std = values.std(/*unbiased=*/false).item<double>();
  }
  if (!std::isfinite(result.full)) {
    throw Error(ErrorKind::kData, "KID: the features are too large for the kernel");
  }
  return result;
}

}  // namespace scgan
