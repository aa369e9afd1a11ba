#include "core/model/spectral_group.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_copy.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/addcmul.h>
#include <ATen/ops/dot.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mv.h>
#include <ATen/ops/repeat_interleave.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <torch/csrc/autograd/custom_function.h>

#include <utility>

namespace scgan {
namespace {

namespace autograd = torch::autograd;

std::vector<int64_t> lengths(const std::vector<at::Tensor>& vectors) {
  std::vector<int64_t> all;
  for (const at::Tensor& vector : vectors) all.push_back(vector.numel());
  return all;
}

// For each element of `vectors`, one after the other, the index of its vector; on their device.
at::Tensor segments_of(const std::vector<at::Tensor>& vectors) {
  return at::repeat_interleave(at::tensor(lengths(vectors), at::kLong))
      .to(vectors.front().device());
}

// Views of the flat vector with the sizes of `vectors`.
std::vector<at::Tensor> split_like(const at::Tensor& flat, const std::vector<at::Tensor>& vectors) {
  return flat.split_with_sizes(lengths(vectors));
}

// Divides each of the parts of `flat` by its norm. Returns the norms.
at::Tensor normalize_parts(at::Tensor& flat, const std::vector<at::Tensor>& parts,
                           const at::Tensor& segments) {
  at::Tensor norms = at::stack(at::_foreach_norm(parts));
  flat.div_(norms.clamp_min(kSpectralEpsilon).index_select(0, segments));
  return norms;
}

// `b` is contiguous; `a` may be in channels_last.
at::Tensor inner_product(const at::Tensor& a, const at::Tensor& b) {
  return a.is_contiguous() ? at::dot(a.flatten(), b.flatten()) : (a * b).sum();
}

// W / sigma for each W, where u, v and sigma are constants of the power iteration: the derivative
// of sigma = u^T W v is u v^T. `u` and `v` are flat; `segments_u`: the layer of each element of u.
class DivideBySigma : public autograd::Function<DivideBySigma> {
 public:
  static autograd::variable_list forward(autograd::AutogradContext* context, at::TensorList weights,
                                         const at::Tensor& sigmas, const at::Tensor& u,
                                         const at::Tensor& v, const at::Tensor& segments_u) {
    autograd::variable_list divided;
    for (size_t i = 0; i < weights.size(); ++i) {
      divided.push_back(weights[i] / sigmas[static_cast<int64_t>(i)]);
    }
    autograd::variable_list saved{sigmas, u, v, segments_u};
    saved.insert(saved.end(), divided.begin(), divided.end());
    context->save_for_backward(std::move(saved));
    return divided;
  }

  // With G, the gradient of W / sigma: (G - <G, W / sigma> u v^T) / sigma.
  static autograd::variable_list backward(autograd::AutogradContext* context,
                                          autograd::variable_list gradients) {
    const autograd::variable_list saved = context->get_saved_variables();
    const at::Tensor &sigmas = saved[0], &u = saved[1], &v = saved[2], &segments_u = saved[3];
    std::vector<at::Tensor> products;
    for (size_t i = 0; i < gradients.size(); ++i) {
      products.push_back(inner_product(gradients[i], saved[4 + i]));
    }
    const at::Tensor scaled_u = u * at::stack(products).index_select(0, segments_u);
    int64_t begin_u = 0;
    int64_t begin_v = 0;
    for (size_t i = 0; i < gradients.size(); ++i) {
      std::vector<int64_t> of_u(4, 1), of_v = gradients[i].sizes().vec();
      of_u[0] = std::exchange(of_v[0], 1);
      const int64_t inputs = of_v[1] * of_v[2] * of_v[3];
      const at::Tensor column = scaled_u.narrow(0, begin_u, of_u[0]).view(of_u);
      const at::Tensor row = v.narrow(0, begin_v, inputs).view(of_v);
      gradients[i] =
          at::addcmul(gradients[i], column, row, -1).div_(sigmas[static_cast<int64_t>(i)]);
      begin_u += of_u[0];
      begin_v += inputs;
    }
    gradients.resize(gradients.size() + 4);  // none for sigmas, u, v, segments_u
    return gradients;
  }
};

}  // namespace

void SpectralGroup::prepare() {
  if (layers_.empty() || layers_.front()->weight().is_cpu() || !layers_.front()->is_training()) {
    return;
  }
  std::vector<at::Tensor> weights, matrices, u_of_layers, v_of_layers;
  for (const SpectralConv2dImpl* layer : layers_) {
    weights.push_back(layer->weight());
    matrices.push_back(layer->weight().detach().flatten(1));
    u_of_layers.push_back(layer->u());
    v_of_layers.push_back(layer->v());
  }
  at::Tensor u, v, sigmas;
  {
    const at::NoGradGuard no_grad;
    if (!segments_u_.defined()) {
      segments_u_ = segments_of(u_of_layers);
      segments_v_ = segments_of(v_of_layers);
    }
    const at::TensorOptions options = weights.front().options();
    v = at::empty(segments_v_.sizes(), options);
    u = at::empty(segments_u_.sizes(), options);
    std::vector<at::Tensor> parts_v = split_like(v, v_of_layers);
    std::vector<at::Tensor> parts_u = split_like(u, u_of_layers);
    for (size_t i = 0; i < layers_.size(); ++i) {
      at::mv_out(parts_v[i], matrices[i].t(), u_of_layers[i]);
    }
    normalize_parts(v, parts_v, segments_v_);
    for (size_t i = 0; i < layers_.size(); ++i) at::mv_out(parts_u[i], matrices[i], parts_v[i]);
    // The norm of W v is sigma, since u is W v divided by its norm.
    sigmas = normalize_parts(u, parts_u, segments_u_);
    at::_foreach_copy_(u_of_layers, parts_u);
    at::_foreach_copy_(v_of_layers, parts_v);
  }
  const autograd::variable_list divided =
      DivideBySigma::apply(at::TensorList(weights), sigmas, u, v, segments_u_);
  for (size_t i = 0; i < layers_.size(); ++i) layers_[i]->set_next_weight(divided[i]);
}

}  // namespace scgan
