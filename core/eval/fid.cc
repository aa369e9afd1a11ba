#include "core/eval/fid.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/error.h"

namespace scgan {
namespace {

at::Tensor checked(const at::Tensor& features, const at::Tensor& other) {
  if (features.dim() != 2 || other.dim() != 2 || features.size(1) != other.size(1) ||
      features.size(0) < 2 || features.size(1) == 0) {
    throw Error(ErrorKind::kData,
                "FID needs two sets of feature vectors of one length, each of 2 or more images");
  }
  const at::Tensor exact = features.to(at::kCPU, at::kDouble).contiguous();
  if (!exact.isfinite().all().item<bool>()) {
    throw Error(ErrorKind::kData, "FID: a feature is not a finite number");
  }
  return exact;
}

// What of the distance needs no matrix square root.
struct Parts {
  at::Tensor a, b;  // centred features
  double means_and_traces = 0;
};

Parts split(const at::Tensor& raw_a, const at::Tensor& raw_b) {
  const at::Tensor a = checked(raw_a, raw_b);
  const at::Tensor b = checked(raw_b, raw_a);
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

void check_moments(const at::Tensor& mean, const at::Tensor& sigma, int64_t d) {
  if (d == 0 || mean.sizes() != at::IntArrayRef{d} || sigma.sizes() != at::IntArrayRef{d, d} ||
      mean.scalar_type() != at::kDouble || sigma.scalar_type() != at::kDouble) {
    throw Error(ErrorKind::kData, "FID needs means [d] and covariances [d, d] in double");
  }
  if (!mean.isfinite().all().item<bool>() || !sigma.isfinite().all().item<bool>()) {
    throw Error(ErrorKind::kData, "FID: a mean or covariance is not a finite number");
  }
}

// Tr((S_a S_b)^(1/2)) = Tr((R^T S_b R)^(1/2)) with S_a = R R^T.
double root_trace(const at::Tensor& sigma_a, const at::Tensor& sigma_b) {
  const auto [values, vectors] = at::linalg_eigh(sigma_a);
  const at::Tensor root = vectors * values.clamp_min(0).sqrt();
  const at::Tensor middle = root.t().mm(sigma_b).mm(root);
  const at::Tensor eigenvalues = at::linalg_eigvalsh((middle + middle.t()) / 2);
  // Rounding leaves eigenvalues that should be zero at +- this size; their square roots are not
  // small.
  const double noise = static_cast<double>(eigenvalues.size(0)) *
                       std::numeric_limits<double>::epsilon() *
                       std::max(eigenvalues.max().item<double>(), 0.0);
  return at::where(eigenvalues > noise, eigenvalues, at::zeros_like(eigenvalues))
      .sqrt()
      .sum()
      .item<double>();
}

}  // namespace

double frechet_distance(const at::Tensor& features_a, const at::Tensor& features_b) {
  const at::NoGradGuard no_grad;
  const Parts parts = split(features_a, features_b);
  const int64_t n = parts.a.size(0);
  const int64_t m = parts.b.size(0);
  if (std::max(n, m) >= parts.a.size(1)) {
    return parts.means_and_traces - 2 * root_trace(covariance(parts.a), covariance(parts.b));
  }
  const at::Tensor cross =
      parts.a.mm(parts.b.t()) / std::sqrt(static_cast<double>(n - 1) * static_cast<double>(m - 1));
  return parts.means_and_traces - 2 * at::linalg_svdvals(cross).sum().item<double>();
}

double frechet_distance_by_eigenvalues(const at::Tensor& features_a, const at::Tensor& features_b) {
  const at::NoGradGuard no_grad;
  const Parts parts = split(features_a, features_b);
  return parts.means_and_traces - 2 * root_trace(covariance(parts.a), covariance(parts.b));
}

double frechet_distance_of_moments(const at::Tensor& mean_a, const at::Tensor& sigma_a,
                                   const at::Tensor& mean_b, const at::Tensor& sigma_b) {
  const at::NoGradGuard no_grad;
  check_moments(mean_a, sigma_a, mean_a.numel());
  check_moments(mean_b, sigma_b, mean_a.numel());
  return (mean_a - mean_b).square().sum().item<double>() + sigma_a.trace().item<double>() +
         sigma_b.trace().item<double>() - 2 * root_trace(sigma_a, sigma_b);
}

}  // namespace scgan
