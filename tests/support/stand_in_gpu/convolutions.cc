#include "tests/support/stand_in_gpu/convolutions.h"

#include <ATen/ATen.h>
#include <c10/core/Allocator.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/util/Exception.h>

#include <cstdlib>
#include <mutex>
#include <set>
#include <sstream>

namespace scgan::stand_in {
namespace {

// The convolutions that use the algorithm without a workspace. Never destroyed: threads outlive
// main().
struct WorkspaceFree {
  std::mutex mutex;
  std::set<std::string> keys;
};

WorkspaceFree& workspace_free() {
  static auto& all = *new WorkspaceFree;
  return all;
}

int64_t workspace_bytes() {
  const char* text = std::getenv("SCGAN_STAND_IN_WORKSPACE_MIB");
  return (text == nullptr ? 0 : std::stol(text)) << 20;
}

std::string key_of(const std::string& name, const std::vector<c10::IValue>& arguments) {
  std::ostringstream key;
  key << name;
  for (const c10::IValue& value : arguments) {
    if (value.isTensor() && value.toTensor().defined()) key << ' ' << value.toTensor().sizes();
  }
  return key.str();
}

}  // namespace

bool needs_workspace_free_algorithm(const std::string& name,
                                    const std::vector<c10::IValue>& arguments, c10::Device device) {
  const int64_t bytes = workspace_bytes();
  if (bytes == 0) return false;
  const std::string key = key_of(name, arguments);
  const std::scoped_lock lock(workspace_free().mutex);
  if (workspace_free().keys.contains(key)) return true;
  try {
    const c10::cuda::CUDAGuard guard(device);
    c10::GetAllocator(c10::kCUDA)->allocate(static_cast<size_t>(bytes));
    return false;
  } catch (const c10::OutOfMemoryError&) {
    workspace_free().keys.insert(key);
    return true;
  }
}

void change_rounding(at::Tensor result) {
  constexpr double kLastBits = 1.0 / (1 << 20);
  result.mul_(1 + kLastBits);
}

}  // namespace scgan::stand_in
