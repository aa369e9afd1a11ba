#include "tests/support/stand_in_gpu/determinism.h"

namespace scgan::stand_in {

const std::set<std::string>& nondeterministic_kernels() {
  static const std::set<std::string> names{"aten::_adaptive_avg_pool2d_backward",
                                           "aten::_adaptive_avg_pool3d_backward",
                                           "aten::adaptive_max_pool2d_backward",
                                           "aten::avg_pool3d_backward",
                                           "aten::bincount",
                                           "aten::cumsum",
                                           "aten::cumsum_",
                                           "aten::fractional_max_pool2d_backward",
                                           "aten::grid_sampler_2d_backward",
                                           "aten::grid_sampler_3d_backward",
                                           "aten::histc",
                                           "aten::kthvalue",
                                           "aten::max_pool3d_with_indices_backward",
                                           "aten::max_unpool2d",
                                           "aten::median",
                                           "aten::nll_loss2d_forward",
                                           "aten::put_",
                                           "aten::reflection_pad1d_backward",
                                           "aten::reflection_pad3d_backward",
                                           "aten::scatter_reduce",
                                           "aten::upsample_bicubic2d_backward",
                                           "aten::upsample_bilinear2d_backward",
                                           "aten::upsample_linear1d_backward",
                                           "aten::upsample_trilinear3d_backward"};
  return names;
}

}  // namespace scgan::stand_in
