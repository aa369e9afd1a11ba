#include "results/verify/distances.h"

#include <Eigen/QR>
#include <Eigen/SVD>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "core/base/counter_rng.h"

namespace scgan::results {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::RowVectorXd;

constexpr double kMillionth = 1e-6;
// Of core/eval/kid.h: the subsets of every score are drawn from it.
constexpr uint32_t kSubsetSeed = 2020;
// Up to this many images per set, the kernels of all pairs are kept: 128 MiB per matrix.
constexpr Index kKeptRows = 4096;
constexpr Index kBlockRows = 1024;

// F with F^T F = (n-1) S, with at most as many rows as columns, or those of x. Takes blocks of
// rows, so that the memory does not grow with their number.
MatrixXd covariance_factor(const Features& x, const RowVectorXd& mean) {
  const Index d = x.cols();
  if (x.rows() <= d) return x.rowwise() - mean;
  MatrixXd factor(0, d);
  for (Index first = 0; first < x.rows(); first += 2 * d) {
    const Index count = std::min(2 * d, x.rows() - first);
    MatrixXd stacked(factor.rows() + count, d);
    stacked << factor, x.middleRows(first, count).rowwise() - mean;
    if (stacked.rows() > d) {
      const Eigen::HouseholderQR<Eigen::Ref<MatrixXd>> qr(stacked);
      factor = qr.matrixQR().topRows(d).triangularView<Eigen::Upper>();
    } else {
      factor = std::move(stacked);
    }
  }
  return factor;
}

// core/eval/fid.cc takes eigenvalues, the squares of singular values, when there are many images:
// they have an error of about `noise`, and those below it count as zero.
double error_by_eigenvalues(const Eigen::ArrayXd& singular_values, Index d) {
  if (singular_values.size() == 0) return 0;
  const double largest = singular_values.maxCoeff();
  const double noise =
      static_cast<double>(d) * std::numeric_limits<double>::epsilon() * largest * largest;
  double error = 0;
  for (const double value : singular_values) {
    error += value * value > noise ? noise / (2 * value) : std::sqrt(noise);
  }
  return 2 * error;
}

// k(x, y) = (x . y / d + 1)^3 for all pairs.
MatrixXd kernel(const Features& x, const Features& y) {
  MatrixXd products = x * y.transpose();
  products.array() = (products.array() / static_cast<double>(x.cols()) + 1).cube();
  return products;
}

// The sum of k over all pairs.
double kernel_sum(const Features& x, const Features& y) {
  double sum = 0;
  for (Index first = 0; first < x.rows(); first += kBlockRows) {
    sum += kernel(x.middleRows(first, std::min(kBlockRows, x.rows() - first)), y).sum();
  }
  return sum;
}

// The sum of k of each image with itself.
double self_sum(const Features& x) {
  return (x.rowwise().squaredNorm().array() / static_cast<double>(x.cols()) + 1).cube().sum();
}

// The unbiased MMD^2 from the sums of k over pairs of different images of each set, and over all
// pairs of both.
Estimate unbiased(double aa, double bb, double ab, Index rows_a, Index rows_b) {
  const auto n = static_cast<double>(rows_a), m = static_cast<double>(rows_b);
  const double within = aa / (n * (n - 1)) + bb / (m * (m - 1));
  const double across = 2 * ab / (n * m);
  return {.value = within - across, .terms = std::abs(within) + std::abs(across)};
}

Estimate distance(const Features& a, const Features& b) {
  return unbiased(kernel_sum(a, a) - self_sum(a), kernel_sum(b, b) - self_sum(b), kernel_sum(a, b),
                  a.rows(), b.rows());
}

using Rows = std::vector<Index>;

// The first steps of a Fisher-Yates shuffle, sorted: see core/eval/kid.cc.
Rows subset(const CounterRng& draws, Index count, Index size, uint32_t number, uint32_t set) {
  Rows order(static_cast<size_t>(count));
  std::iota(order.begin(), order.end(), Index{0});
  for (Index i = 0; i < size; ++i) {
    const auto left = static_cast<uint32_t>(count - i);
    const Index chosen = i + Index{draws.index(left, number, static_cast<uint32_t>(i), set)};
    std::swap(order[static_cast<size_t>(i)], order[static_cast<size_t>(chosen)]);
  }
  order.resize(static_cast<size_t>(size));
  std::ranges::sort(order);
  return order;
}

// The kernels of all pairs, unless they would need too much memory.
class Kernels {
 public:
  Kernels(const Features& a, const Features& b) : a_(a), b_(b) {
    keeps_ = std::max(a.rows(), b.rows()) <= kKeptRows;
    if (!keeps_) return;
    aa_ = kernel(a, a);
    bb_ = kernel(b, b);
    ab_ = kernel(a, b);
  }

  Estimate full() const {
    if (!keeps_) return distance(a_, b_);
    return unbiased(aa_.sum() - aa_.trace(), bb_.sum() - bb_.trace(), ab_.sum(), a_.rows(),
                    b_.rows());
  }

  double of_subsets(const Rows& of_a, const Rows& of_b) const {
    if (!keeps_) return distance(a_(of_a, Eigen::all), b_(of_b, Eigen::all)).value;
    const MatrixXd aa = aa_(of_a, of_a), bb = bb_(of_b, of_b);
    return unbiased(aa.sum() - aa.trace(), bb.sum() - bb.trace(), ab_(of_a, of_b).sum(), aa.rows(),
                    bb.rows())
        .value;
  }

 private:
  const Features& a_;
  const Features& b_;
  bool keeps_ = false;
  MatrixXd aa_, bb_, ab_;
};

}  // namespace

double Estimate::tolerance() const {
  return kMillionth * std::max(std::abs(value), kMillionth * terms) + rounding;
}

// False for a NaN.
bool Estimate::agrees_with(double other) const { return std::abs(value - other) <= tolerance(); }

Estimate frechet_distance(const Features& a, const Features& b) {
  const RowVectorXd mean_a = a.colwise().mean(), mean_b = b.colwise().mean();
  const MatrixXd factor_a = covariance_factor(a, mean_a), factor_b = covariance_factor(b, mean_b);
  const auto n = static_cast<double>(a.rows() - 1), m = static_cast<double>(b.rows() - 1);
  const double terms =
      (mean_a - mean_b).squaredNorm() + factor_a.squaredNorm() / n + factor_b.squaredNorm() / m;
  const MatrixXd cross = factor_a * factor_b.transpose() / std::sqrt(n * m);
  const Eigen::ArrayXd values = Eigen::BDCSVD<MatrixXd>(cross).singularValues();
  const Index d = a.cols();
  const bool by_eigenvalues = a.rows() * b.rows() >= d * d;
  // Centred features have one rank less than images; the other values are zero in every form.
  const Index rank = std::min({d, a.rows() - 1, b.rows() - 1});
  return {.value = terms - 2 * values.sum(),
          .terms = terms,
          .rounding = by_eigenvalues ? error_by_eigenvalues(values.head(rank), d) : 0};
}

KernelDistance kernel_distance(const Features& a, const Features& b, int64_t subsets,
                               int64_t subset_size) {
  const Kernels kernels(a, b);
  const Index size = std::min<Index>({a.rows(), b.rows(), std::max<Index>(subset_size, 2)});
  KernelDistance result{.full = kernels.full()};
  const double terms = result.full.terms;
  if (size == std::max(a.rows(), b.rows())) {  // every subset has all images
    result.subset_mean = result.full;
    result.subset_std = {.value = 0, .terms = terms};
    return result;
  }
  const CounterRng draws(kSubsetSeed, Purpose::kKidSubsets);
  Eigen::ArrayXd values(std::max<Index>(subsets, 1));
  for (Index i = 0; i < values.size(); ++i) {
    const auto number = static_cast<uint32_t>(i);
    values[i] = kernels.of_subsets(subset(draws, a.rows(), size, number, 0),
                                   subset(draws, b.rows(), size, number, 1));
  }
  result.subset_mean = {.value = values.mean(), .terms = terms};
  result.subset_std = {.value = std::sqrt((values - values.mean()).square().mean()),
                       .terms = terms};
  result.subsets_differ = subsets > 1;
  return result;
}

}  // namespace scgan::results
