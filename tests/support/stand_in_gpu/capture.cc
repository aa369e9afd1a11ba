#include "tests/support/stand_in_gpu/capture.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/stand_in_gpu/stream.h"

namespace scgan::stand_in {
namespace {

struct GraphNode {
  std::function<void()> work;
  std::set<size_t> after;
};
using GraphNodes = std::vector<GraphNode>;

}  // namespace

struct Capture {
  uint64_t id = 0;
  cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal;
  std::thread::id thread;
  CUstream_st* origin = nullptr;
  bool valid = true;
  GraphNodes nodes;
  // The streams that take part, with the nodes that the next one of the stream comes after.
  std::map<CUstream_st*, std::set<size_t>> streams;

  // The nodes that come before one of `last`, and `last`.
  std::set<size_t> with_ancestors(const std::set<size_t>& last) const {
    std::set<size_t> all;
    std::vector<size_t> rest(last.begin(), last.end());
    while (!rest.empty()) {
      const size_t node = rest.back();
      rest.pop_back();
      if (all.insert(node).second)
        rest.insert(rest.end(), nodes[node].after.begin(), nodes[node].after.end());
    }
    return all;
  }

  bool is_joined() const {
    const std::set<size_t> before_end = with_ancestors(streams.at(origin));
    return std::ranges::all_of(
        streams, [&](const auto& of) { return std::ranges::includes(before_end, of.second); });
  }
};

namespace {

// Never destroyed: threads of streams outlive main().
struct Captures {
  std::mutex mutex;
  std::vector<std::shared_ptr<Capture>> active;
  std::atomic<size_t> count = 0;  // of the active ones, to be read without the mutex
  uint64_t last_id = 0;
};

Captures& captures() {
  static auto& all = *new Captures;
  return all;
}

thread_local cudaStreamCaptureMode thread_mode = cudaStreamCaptureModeGlobal;

// The caller holds the mutex.
std::shared_ptr<Capture> capture_of(CUstream_st& stream) {
  for (const auto& capture : captures().active) {
    if (capture->streams.contains(&stream)) return capture;
  }
  return nullptr;
}

cudaError_t invalidate(Capture& capture, cudaError_t status) {
  capture.valid = false;
  return status;
}

// A different order every time, within what the dependencies leave open.
void run_nodes(const GraphNodes& nodes) {
  static std::atomic<unsigned> launches = 0;
  std::minstd_rand draws(++launches);
  std::vector<size_t> missing;
  std::vector<std::vector<size_t>> next(nodes.size());
  std::vector<size_t> ready;
  for (size_t i = 0; i < nodes.size(); ++i) {
    missing.push_back(nodes[i].after.size());
    for (const size_t before : nodes[i].after) next[before].push_back(i);
    if (missing[i] == 0) ready.push_back(i);
  }
  while (!ready.empty()) {
    std::swap(ready[draws() % ready.size()], ready.back());
    const size_t node = ready.back();
    ready.pop_back();
    nodes[node].work();
    for (const size_t after : next[node]) {
      if (--missing[after] == 0) ready.push_back(after);
    }
  }
}

}  // namespace

bool is_under_capture(CUstream_st& stream) {
  if (captures().count == 0) return false;
  const std::scoped_lock lock(captures().mutex);
  return capture_of(stream) != nullptr;
}

bool capture_task(CUstream_st& stream, const std::function<void()>& task) {
  if (captures().count == 0) return false;
  const std::scoped_lock lock(captures().mutex);
  const auto capture = capture_of(stream);
  if (capture == nullptr) return false;
  std::set<size_t>& last = capture->streams[&stream];
  capture->nodes.push_back({task, last});
  last = {capture->nodes.size() - 1};
  return true;
}

std::shared_ptr<CapturePoint> capture_point(CUstream_st& stream) {
  if (captures().count == 0) return nullptr;
  const std::scoped_lock lock(captures().mutex);
  const auto capture = capture_of(stream);
  if (capture == nullptr) return nullptr;
  return std::make_shared<CapturePoint>(CapturePoint{capture, capture->streams[&stream]});
}

cudaError_t capture_wait(CUstream_st& stream, const std::shared_ptr<CapturePoint>& point) {
  if (captures().count == 0) return point == nullptr ? cudaSuccess : cudaErrorCapturedEvent;
  const std::scoped_lock lock(captures().mutex);
  const auto own = capture_of(stream);
  if (point == nullptr)
    return own == nullptr ? cudaSuccess : invalidate(*own, cudaErrorStreamCaptureIsolation);
  if (std::ranges::count(captures().active, point->capture) == 0) return cudaErrorCapturedEvent;
  if (own != nullptr && own != point->capture) {
    invalidate(*point->capture, cudaErrorStreamCaptureMerge);
    return invalidate(*own, cudaErrorStreamCaptureMerge);
  }
  point->capture->streams[&stream].insert(point->after.begin(), point->after.end());
  return cudaSuccess;
}

cudaError_t check_unsafe_call() {
  if (captures().count == 0 || thread_mode == cudaStreamCaptureModeRelaxed) return cudaSuccess;
  const std::scoped_lock lock(captures().mutex);
  cudaError_t status = cudaSuccess;
  for (const auto& capture : captures().active) {
    const bool forbids = capture->thread == std::this_thread::get_id()
                             ? capture->mode != cudaStreamCaptureModeRelaxed
                             : capture->mode == cudaStreamCaptureModeGlobal &&
                                   thread_mode == cudaStreamCaptureModeGlobal;
    if (forbids) status = invalidate(*capture, cudaErrorStreamCaptureUnsupported);
  }
  return status;
}

cudaError_t check_not_under_capture(CUstream_st& stream) {
  if (captures().count == 0) return cudaSuccess;
  const std::scoped_lock lock(captures().mutex);
  const auto capture = capture_of(stream);
  return capture == nullptr ? cudaSuccess : invalidate(*capture, cudaErrorStreamCaptureUnsupported);
}

cudaError_t launch_status(CUstream_st& stream) {
  if (captures().count == 0) return cudaSuccess;
  const std::scoped_lock lock(captures().mutex);
  const auto capture = capture_of(stream);
  return capture == nullptr || capture->valid ? cudaSuccess : cudaErrorStreamCaptureInvalidated;
}

}  // namespace scgan::stand_in

using namespace scgan::stand_in;  // NOLINT: CUDA's functions follow

struct CUgraph_st {
  std::shared_ptr<const GraphNodes> nodes;
};

struct CUgraphExec_st {
  std::shared_ptr<const GraphNodes> nodes;
};

extern "C" {

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
  if (stream == nullptr) return cudaErrorStreamCaptureUnsupported;
  const std::scoped_lock lock(captures().mutex);
  if (capture_of(*stream) != nullptr) return cudaErrorIllegalState;
  auto capture = std::make_shared<Capture>();
  capture->id = ++captures().last_id;
  capture->mode = mode;
  capture->thread = std::this_thread::get_id();
  capture->origin = stream;
  capture->streams[stream] = {};
  captures().active.push_back(std::move(capture));
  ++captures().count;
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  *graph = nullptr;
  if (stream == nullptr) return cudaErrorIllegalState;
  const std::scoped_lock lock(captures().mutex);
  const auto capture = capture_of(*stream);
  if (capture == nullptr) return cudaErrorIllegalState;
  if (capture->origin != stream) return invalidate(*capture, cudaErrorStreamCaptureUnmatched);
  if (capture->mode != cudaStreamCaptureModeRelaxed &&
      capture->thread != std::this_thread::get_id())
    return invalidate(*capture, cudaErrorStreamCaptureWrongThread);
  std::erase(captures().active, capture);
  --captures().count;
  if (!capture->valid) return cudaErrorStreamCaptureInvalidated;
  if (!capture->is_joined()) return cudaErrorStreamCaptureUnjoined;
  *graph = new CUgraph_st{std::make_shared<const GraphNodes>(std::move(capture->nodes))};
  return cudaSuccess;
}

cudaError_t cudaStreamGetCaptureInfo(cudaStream_t stream, cudaStreamCaptureStatus* status,
                                     unsigned long long* id, cudaGraph_t*, const cudaGraphNode_t**,
                                     const cudaGraphEdgeData**, size_t*) {
  *status = cudaStreamCaptureStatusNone;
  if (captures().count == 0) return cudaSuccess;
  CUstream_st& own = stream_of(stream);
  const std::scoped_lock lock(captures().mutex);
  if (const auto capture = capture_of(own)) {
    *status = capture->valid ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusInvalidated;
    if (id != nullptr) *id = capture->id;
  }
  return cudaSuccess;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
  return cudaStreamGetCaptureInfo(stream, status, nullptr, nullptr, nullptr, nullptr, nullptr);
}

cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode* mode) {
  std::swap(*mode, thread_mode);
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* made, cudaGraph_t graph, unsigned long long) {
  if (const cudaError_t status = check_unsafe_call(); status != cudaSuccess) return status;
  return *made = new CUgraphExec_st{graph->nodes}, cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) { return delete graph, cudaSuccess; }
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t graph) { return delete graph, cudaSuccess; }

// As in CUDA, a graph may be destroyed while it runs.
cudaError_t cudaGraphLaunch(cudaGraphExec_t graph, cudaStream_t stream) {
  CUstream_st& own = stream_of(stream);
  if (const cudaError_t status = check_not_under_capture(own); status != cudaSuccess) return status;
  own.queue([nodes = graph->nodes] { run_nodes(*nodes); });
  return cudaSuccess;
}

}  // extern "C"
