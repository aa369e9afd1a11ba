#include "distributed/gpu_graph.h"

#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime_api.h>

#include <map>
#include <memory>
#include <utility>

#include "core/base/unique_handle.h"
#include "distributed/cuda_stream.h"

namespace scgan::distributed {
namespace {

namespace allocator = c10::cuda::CUDACachingAllocator;

struct CudaGraphTraits {
  using Handle = cudaGraph_t;
  static Handle null() noexcept { return nullptr; }
  static void close(Handle graph) noexcept { cudaGraphDestroy(graph); }
};

struct CudaGraphExecTraits {
  using Handle = cudaGraphExec_t;
  static Handle null() noexcept { return nullptr; }
  static void close(Handle graph) noexcept { cudaGraphExecDestroy(graph); }
};

bool is_recorded(cudaStream_t stream) {
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  return cudaStreamIsCapturing(stream, &status) == cudaSuccess &&
         status == cudaStreamCaptureStatusActive;
}

// Memory that only a graph uses. LibTorch's allocator keeps it apart until the owner is destroyed.
class GraphMemory {
 public:
  // From now on, what streams that are recorded allocate is in this memory.
  explicit GraphMemory(c10::DeviceIndex device)
      : device_(device), id_(at::cuda::graph_pool_handle()) {
    allocator::beginAllocateToPool(device_, id_, is_recorded);
  }
  ~GraphMemory() {
    seal();
    allocator::releasePool(device_, id_);
  }
  GraphMemory(const GraphMemory&) = delete;
  GraphMemory& operator=(const GraphMemory&) = delete;

  // Nothing more is allocated in this memory.
  void seal() {
    if (!std::exchange(sealed_, true)) allocator::endAllocateToPool(device_, id_);
  }

 private:
  c10::DeviceIndex device_;
  c10::MempoolId_t id_;
  bool sealed_ = false;
};

// Records on a stream. An unfinished recording is discarded.
class Recording {
 public:
  // Other threads may use the GPU meanwhile. Autograd's threads only queue work on the stream.
  explicit Recording(cudaStream_t stream) : stream_(stream) {
    check_cuda(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal),
               "cudaStreamBeginCapture");
  }
  ~Recording() {
    if (!stream_) return;
    cudaGraph_t unfinished = nullptr;
    cudaStreamEndCapture(stream_, &unfinished);
    const UniqueHandle<CudaGraphTraits> owner(unfinished);
    cudaGetLastError();  // LibTorch's next call would report the error
  }
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  UniqueHandle<CudaGraphTraits> finish() {
    cudaGraph_t graph = nullptr;
    const cudaError_t status = cudaStreamEndCapture(std::exchange(stream_, nullptr), &graph);
    if (status != cudaSuccess) cudaGetLastError();
    check_cuda(status, "cudaStreamEndCapture");
    return UniqueHandle<CudaGraphTraits>(graph);
  }

 private:
  cudaStream_t stream_;
};

// One stream for all recordings of a GPU, since LibTorch keeps a workspace of cuBLAS for every
// stream that has used it. Of high priority, as no other stream of LibTorch's that we use.
c10::cuda::CUDAStream recording_stream(c10::DeviceIndex device) {
  static std::map<c10::DeviceIndex, c10::cuda::CUDAStream> streams;
  const auto found = streams.find(device);
  if (found != streams.end()) return found->second;
  const auto stream = c10::cuda::getStreamFromPool(/*isHighPriority=*/true, device);
  streams.emplace(device, stream);
  return stream;
}

class RecordedWork {
 public:
  RecordedWork(c10::Device device, const std::function<void()>& work)
      : device_(device.index()), memory_(device_) {
    const auto stream = recording_stream(device_);
    UniqueHandle<CudaGraphTraits> graph;
    {
      const c10::cuda::CUDAStreamGuard guard(stream);
      Recording recording(stream.stream());
      work();
      graph = recording.finish();
    }
    memory_.seal();
    cudaGraphExec_t made = nullptr;
    check_cuda(cudaGraphInstantiate(&made, graph.get(), 0), "cudaGraphInstantiate");
    graph_.reset(made);
  }

  void queue() const {
    const cudaStream_t stream = c10::cuda::getCurrentCUDAStream(device_).stream();
    check_cuda(cudaGraphLaunch(graph_.get(), stream), "cudaGraphLaunch");
  }

 private:
  c10::DeviceIndex device_;
  GraphMemory memory_;
  UniqueHandle<CudaGraphExecTraits> graph_;
};

}  // namespace

WorkRecorder gpu_recorder(c10::Device device) {
  if (!device.is_cuda()) return {};
  return [device](const std::function<void()>& work) -> std::function<void()> {
    allocator::emptyCache();
    const auto recorded = std::make_shared<const RecordedWork>(device, work);
    return [recorded] { recorded->queue(); };
  };
}

}  // namespace scgan::distributed
