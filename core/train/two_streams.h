// TwoStreams: runs two independent pieces of work at the same time on one GPU.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/Event.h>
#include <c10/core/Stream.h>

#include <functional>

namespace scgan {

class TwoStreams {
 public:
  explicit TwoStreams(c10::Device gpu);

  // Queues `first` on the current stream and `second` on another one, after everything that the
  // current stream was given before; what it is given afterwards waits for both, even if one of
  // them throws. Neither may write what the other one uses, and tensors that they use must live
  // until the call returns.
  void run(const std::function<void()>& first, const std::function<void()>& second);

 private:
  class Join;

  c10::Stream other_;
  c10::Event begun_, ended_;
};

}  // namespace scgan
