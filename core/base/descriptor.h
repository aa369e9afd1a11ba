// Sole owner of a file descriptor.
#pragma once

#include <unistd.h>

#include "core/base/unique_handle.h"

namespace scgan {

struct DescriptorTraits {
  using Handle = int;
  static Handle null() noexcept { return -1; }
  static void close(Handle handle) noexcept { ::close(handle); }
};
using Descriptor = UniqueHandle<DescriptorTraits>;

}  // namespace scgan
