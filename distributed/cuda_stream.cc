#include "distributed/cuda_stream.h"

#include <fmt/format.h>

#include "core/base/error.h"

namespace scgan::distributed {

void check_cuda(cudaError_t status, const char* operation, std::source_location where) {
  if (status == cudaSuccess) return;
  int device = -1;
  cudaGetDevice(&device);
  throw Error(ErrorKind::kDevice,
              fmt::format("{} failed on GPU {}: {} ({})", operation, device,
                          cudaGetErrorString(status), cudaGetErrorName(status)),
              where);
}

CudaStream new_stream() {
  int least = 0;
  int greatest = 0;
  check_cuda(cudaDeviceGetStreamPriorityRange(&least, &greatest),
             "cudaDeviceGetStreamPriorityRange");
  cudaStream_t stream = nullptr;
  check_cuda(cudaStreamCreateWithPriority(&stream, cudaStreamNonBlocking, greatest),
             "cudaStreamCreateWithPriority");
  return CudaStream(stream);
}

CudaEvent new_event() {
  cudaEvent_t event = nullptr;
  check_cuda(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "cudaEventCreateWithFlags");
  return CudaEvent(event);
}

void order(cudaStream_t earlier, cudaStream_t later, cudaEvent_t event) {
  if (earlier == later) return;
  check_cuda(cudaEventRecord(event, earlier), "cudaEventRecord");
  check_cuda(cudaStreamWaitEvent(later, event, 0), "cudaStreamWaitEvent");
}

}  // namespace scgan::distributed
