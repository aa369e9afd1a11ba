// WorkRecorder: records what a GPU is given to do, so that the host can give it the same again in
// one call. distributed/gpu_graph.h has one that makes CUDA graphs.
#pragma once

#include <functional>

namespace scgan {

// Calls `work` and records what it queues on the current stream, and on streams that wait for that
// one and for which it waits in the end; none of it runs. Returns a function that queues everything
// that was recorded, on the stream that is current when the function is called.
//
// What is recorded reads and writes the same addresses every time. Memory that `work` allocates
// stays reserved as long as the function exists, so tensors that `work` keeps hold what the last
// call computed. `work` must not wait for the GPU, nor copy from or to memory of the host that is
// not page-locked. It must have been called a few times before without being recorded: libraries
// then have made their choices and allocated what they keep.
//
// Throws what `work` throws, and an Error if the work cannot be recorded. The GPU has then done
// nothing, and `work` may be called as usual.
using WorkRecorder = std::function<std::function<void()>(const std::function<void()>& work)>;

}  // namespace scgan
