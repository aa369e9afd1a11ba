// Which of LibTorch's CUDA kernels are not deterministic.
#pragma once

#include <set>
#include <string>

namespace scgan::stand_in {

// Operations whose CUDA kernels throw when deterministic algorithms are requested
// (torch.use_deterministic_algorithms of LibTorch 2.11, except reflection_pad2d_backward, whose
// kernel then adds in a fixed order).
const std::set<std::string>& nondeterministic_kernels();

}  // namespace scgan::stand_in
