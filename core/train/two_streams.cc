#include "core/train/two_streams.h"

#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

namespace scgan {
namespace {

c10::Stream current_stream(c10::Device device) {
  return c10::impl::VirtualGuardImpl(device.type()).getStream(device);
}

}  // namespace

// On destruction, makes the current stream wait for the other one.
class TwoStreams::Join {
 public:
  explicit Join(OfGpu& gpu) : gpu_(gpu) {}
  ~Join() {
    try {
      gpu_.ended.record(gpu_.other);
      gpu_.ended.block(current_stream(gpu_.other.device()));
    } catch (...) {  // the GPU has failed: nothing that is queued will run
    }
  }
  Join(const Join&) = delete;
  Join& operator=(const Join&) = delete;

 private:
  OfGpu& gpu_;
};

TwoStreams::TwoStreams(c10::Device device) {
  if (device.is_cpu()) return;
  const c10::impl::VirtualGuardImpl gpu(device.type());
  gpu_.emplace(OfGpu{gpu.getStreamFromGlobalPool(device, /*isHighPriority=*/false),
                     c10::Event(device.type()), c10::Event(device.type())});
}

void TwoStreams::run(const std::function<void()>& first, const std::function<void()>& second) {
  if (!gpu_) {
    first();
    second();
    return;
  }
  gpu_->begun.record(current_stream(gpu_->other.device()));
  gpu_->begun.block(gpu_->other);
  const Join join(*gpu_);
  {
    const c10::StreamGuard other(gpu_->other);
    second();
  }
  first();
}

}  // namespace scgan
