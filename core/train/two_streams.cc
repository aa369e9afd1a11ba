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
  explicit Join(TwoStreams& streams) : streams_(streams) {}
  ~Join() {
    try {
      streams_.ended_.record(streams_.other_);
      streams_.ended_.block(current_stream(streams_.other_.device()));
    } catch (...) {  // the GPU has failed: nothing that is queued will run
    }
  }
  Join(const Join&) = delete;
  Join& operator=(const Join&) = delete;

 private:
  TwoStreams& streams_;
};

TwoStreams::TwoStreams(c10::Device gpu)
    : other_(c10::impl::VirtualGuardImpl(gpu.type())
                 .getStreamFromGlobalPool(gpu, /*isHighPriority=*/false)),
      begun_(gpu.type()),
      ended_(gpu.type()) {}

void TwoStreams::run(const std::function<void()>& first, const std::function<void()>& second) {
  begun_.record(current_stream(other_.device()));
  begun_.block(other_);
  const Join join(*this);
  {
    const c10::StreamGuard other(other_);
    second();
  }
  first();
}

}  // namespace scgan
