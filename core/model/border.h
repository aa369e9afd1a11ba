// What a convolution sees outside of its input, one pixel wide.
#pragma once

namespace scgan {

enum class Border { kZero, kReflect };

}  // namespace scgan
