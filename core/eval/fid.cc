#include "core/eval/fid.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/linalg_eigvalsh.h>
#include <ATen/ops/linalg_qr.h>
#include <ATen/ops/linalg_svdvals.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/error.h"

namespace scgan {
namespace {

// Returns `features` in double on the CPU.
at::Tensor checked(const at::Tensor& features) {
  if (features.dim() != 2 || features.size(0) < 2 || features.size(1) == 0) {
    throw Error(ErrorKind::kData, "FID needs feature vectors [n, d] of 2 or more images");
  }
  at::Tensor exact = features.to(at::kCPU, at::kDouble).contiguous();
  if (!exact.isfinite().all().item<bool>()) {
    throw Error(ErrorKind::kData, "FID: a feature is not a finite number");
  }
  return exact;
}

void check_lengths(int64_t a, int64_t b) {
  if (a == b) return;
  throw Error(ErrorKind::kData,
              fmt::format("FID: the features of the two sets have {} and {} numbers", a, b));
}

// The part of the distance that needs no matrix square root.
struct Parts {
  at::Tensor a, b;  // centred features
  double means_and_traces = 0;
};

Parts split(const at::Tensor& raw_a, const at::Tensor& raw_b) {
  const at::Tensor a = checked(raw_a);
  const at::Tensor b = checked(raw_b);
  check_lengths(a.size(1), b.size(1));
  const at::Tensor mean_a = a.mean(0);
  const at::Tensor mean_b = b.mean(0);
  Parts parts{a - mean_a, b - mean_b};
  const auto trace = [](const at::Tensor& centred) {
    return centred.square().sum().item<double>() / static_cast<double>(centred.size(0) - 1);
  };
  parts.means_and_traces =
      (mean_a - mean_b).square().sum().item<double>() + trace(parts.a) + trace(parts.b);
  if (!std::isfinite(parts.means_and_traces)) {
    throw Error(ErrorKind::kData, "FID: the features are too large to be squared");
  }
  return parts;
}

at::Tensor covariance(const at::Tensor& centred) {
  return centred.t().mm(centred) / static_cast<double>(centred.size(0) - 1);
}

// Tr((S_a S_b)^(1/2)) = Tr((R^T S_b R)^(1/2)) with S_a = R R^T.
double root_trace(const at::Tensor& sigma_a, const at::Tensor& sigma_b) {
  const auto [values, vectors] = at::linalg_eigh(sigma_a);
  const at::Tensor root = vectors * values.clamp_min(0).sqrt();
  const at::Tensor middle = root.t().mm(sigma_b).mm(root);
  const at::Tensor eigenvalues = at::linalg_eigvalsh((middle + middle.t()) / 2);
  // Rounding turns eigenvalues that should be zero into about +- this; their square roots would not
  // be small.
  const double noise = static_cast<double>(eigenvalues.size(0)) *
                       std::numeric_limits<double>::epsilon() *
                       std::max(eigenvalues.max().item<double>(), 0.0);
  return at::where(eigenvalues > noise, eigenvalues, at::zeros_like(eigenvalues))
      .sqrt()
      .sum()
      .item<double>();
}

double by_singular_values(const Parts& parts) {
  const auto pairs =
      static_cast<double>(parts.a.size(0) - 1) * static_cast<double>(parts.b.size(0) - 1);
  // A set of more than d images is reduced to the d x d factor R of A = Q R first: Q does not
  // change singular values, and the cost stays of order d^3.
  const auto reduced = [](const at::Tensor& x) {
    return x.size(0) > x.size(1) ? std::get<1>(at::linalg_qr(x, "r")) : x;
  };
  const at::Tensor cross = reduced(parts.a).mm(reduced(parts.b).t()) / std::sqrt(pairs);
  return parts.means_and_traces - 2 * at::linalg_svdvals(cross).sum().item<double>();
}

double by_eigenvalues(const Parts& parts) {
  return parts.means_and_traces - 2 * root_trace(covariance(parts.a), covariance(parts.b));
}

}  // namespace

double frechet_distance(const at::Tensor& a, const at::Tensor& b) {
  const at::NoGradGuard no_grad;
  const Parts parts = split(a, b);
  const int64_t d = parts.a.size(1);
  return parts.a.size(0) * parts.b.size(0) < d * d ? by_singular_values(parts)
                                                   : by_eigenvalues(parts);
}

double frechet_distance_by_singular_values(const at::Tensor& a, const at::Tensor& b) {
  const at::NoGradGuard no_grad;
  return by_singular_values(split(a, b));
}

double frechet_distance_by_eigenvalues(const at::Tensor& a, const at::Tensor& b) {
  const at::NoGradGuard no_grad;
  return by_eigenvalues(split(a, b));
}

FrechetSelfCheck frechet_self_check(const at::Tensor& a, const at::Tensor& b) {
  const at::NoGradGuard no_grad;
  const Parts parts = split(a, b);
  FrechetSelfCheck check{by_singular_values(parts), by_eigenvalues(parts)};
  const double difference = std::abs(check.by_singular_values - check.by_eigenvalues);
  const double scale = std::max(check.by_singular_values, 1e-6 * parts.means_and_traces);
  check.relative_difference = difference == 0 ? 0 : difference / scale;
  return check;
}

FeatureMoments feature_moments(const at::Tensor& features) {
  const at::NoGradGuard no_grad;
  const at::Tensor exact = checked(features);
  const at::Tensor mean = exact.mean(0);
  return {mean, covariance(exact - mean)};
}

void check_moments(const FeatureMoments& moments, const std::string& source) {
  const auto refuse = [&](const std::string& reason) {
    throw Error(ErrorKind::kData, fmt::format("{}: {}", source, reason));
  };
  const at::Tensor& mean = moments.mean;
  const at::Tensor& sigma = moments.sigma;
  if (mean.dim() != 1 || mean.numel() == 0 ||
      sigma.sizes() != at::IntArrayRef({mean.numel(), mean.numel()})) {
    refuse(fmt::format("mu [{}] and sigma [{}] are not statistics, which are [d] and [d, d]",
                       fmt::join(mean.sizes(), ", "), fmt::join(sigma.sizes(), ", ")));
  }
  if (mean.scalar_type() != at::kDouble || sigma.scalar_type() != at::kDouble) {
    refuse("mu and sigma are not in double precision");
  }
  if (!mean.isfinite().all().item<bool>() || !sigma.isfinite().all().item<bool>()) {
    refuse("mu or sigma has a value that is not finite");
  }
  constexpr double kAsymmetry = 1e-5;  // a little more than rounding to float32 causes
  const auto skew = (sigma - sigma.t()).abs().max().item<double>();
  if (skew > kAsymmetry * sigma.abs().max().item<double>()) {
    refuse("sigma is not symmetric, so it is not a covariance");
  }
  if (sigma.diagonal().min().item<double>() < 0) {
    refuse("sigma has a variance below 0, so it is not a covariance");
  }
}

double frechet_distance_of_moments(const FeatureMoments& a, const FeatureMoments& b) {
  const at::NoGradGuard no_grad;
  check_moments(a, "FID");
  check_moments(b, "FID");
  check_lengths(a.mean.size(0), b.mean.size(0));
  return (a.mean - b.mean).square().sum().item<double>() + a.sigma.trace().item<double>() +
         b.sigma.trace().item<double>() - 2 * root_trace(a.sigma, b.sigma);
}

}  // namespace scgan
