// Stream capture and CUDA graphs of the stand-in GPU: work that is queued on a stream under capture
// becomes nodes of a graph, each after those that the stream and the awaited events name, and runs
// whenever the graph is launched. Nodes that no dependency orders run in a random order.
//
// Strict as CUDA is: a call that the capture forbids fails and makes the whole capture invalid.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <set>

namespace scgan::stand_in {

struct Capture;

// What an event recorded in a capture stands for.
struct CapturePoint {
  std::shared_ptr<Capture> capture;
  std::set<size_t> after;  // nodes
};

bool is_under_capture(CUstream_st& stream);

// Makes `task` a node and returns true if the stream is under capture.
bool capture_task(CUstream_st& stream, const std::function<void()>& task);

// nullptr unless the stream is under capture.
std::shared_ptr<CapturePoint> capture_point(CUstream_st& stream);

// The stream waits for an event that was recorded at `point`, or outside captures if that is
// nullptr. If the result is cudaSuccess, the capture of `point` has recorded it.
cudaError_t capture_wait(CUstream_st& stream, const std::shared_ptr<CapturePoint>& point);

// To be called before a call that CUDA deems unsafe during a capture, such as cudaMalloc; it must
// return the result unless that is cudaSuccess.
cudaError_t check_unsafe_call();

// The same for a call that no stream under capture allows.
cudaError_t check_not_under_capture(CUstream_st& stream);

// The result of a kernel launch: an error once the stream's capture is invalid.
cudaError_t launch_status(CUstream_st& stream);

}  // namespace scgan::stand_in
