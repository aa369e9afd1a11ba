// The functions of CUDA's runtime that LibTorch and this project call, for the stand-in GPU. Any
// other function reaches the real runtime, which reports that no driver is installed.
#include <cuda_runtime_api.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/stand_in_gpu/capture.h"
#include "tests/support/stand_in_gpu/counts.h"
#include "tests/support/stand_in_gpu/memory.h"
#include "tests/support/stand_in_gpu/stream.h"

namespace scgan::stand_in {
namespace {

thread_local cudaError_t last_error = cudaSuccess;

cudaError_t note(cudaError_t status) {
  if (status != cudaSuccess && status != cudaErrorNotReady) last_error = status;
  return status;
}

// The GPUs that this process sees. SCGAN_STAND_IN_GPUS: the number in the machine (2), from which
// CUDA_VISIBLE_DEVICES selects.
const std::vector<int>& visible_gpus() {
  static const std::vector<int> all = [] {
    const char* count = std::getenv("SCGAN_STAND_IN_GPUS");
    const int total = count == nullptr ? 2 : std::stoi(count);
    std::vector<int> seen;
    const char* selected = std::getenv("CUDA_VISIBLE_DEVICES");
    if (selected == nullptr) {
      for (int i = 0; i < total; ++i) seen.push_back(i);
      return seen;
    }
    std::istringstream words(selected);
    for (std::string word; std::getline(words, word, ',');) {
      if (const int number = std::stoi(word); number < total) seen.push_back(number);
    }
    return seen;
  }();
  return all;
}

bool exists(int device) { return device >= 0 && std::cmp_less(device, visible_gpus().size()); }

void copy_bytes(void* to, const void* from, size_t bytes) {
  if (bytes > 0) std::memmove(kernel_address(to), kernel_address(from), bytes);
}

// An error if a capture forbids a call for `stream` that waits or asks whether work has ended.
cudaError_t check_wait(CUstream_st& stream) {
  const cudaError_t status = check_not_under_capture(stream);
  return note(status != cudaSuccess ? status : check_unsafe_call());
}

cudaError_t check_wait(cudaEvent_t event) {
  return note(event->captured() != nullptr ? cudaErrorCapturedEvent : check_unsafe_call());
}

// As in CUDA, pageable host memory is read or written before the call returns.
cudaError_t copy(void* to, const void* from, size_t bytes, CUstream_st& stream) {
  if (location_of(to).kind == MemoryKind::kPageable ||
      location_of(from).kind == MemoryKind::kPageable) {
    if (const cudaError_t status = check_not_under_capture(stream); status != cudaSuccess)
      return note(status);
  }
  if (location_of(to).kind == MemoryKind::kPageable) {
    count_pageable_copy();
    count_synchronisation();
    stream.drain();
    copy_bytes(to, from, bytes);
  } else if (location_of(from).kind == MemoryKind::kPageable) {
    count_pageable_copy();
    const auto* begin = static_cast<const char*>(from);
    stream.queue([to, bytes, copied = std::vector<char>(begin, begin + bytes)] {
      copy_bytes(to, copied.data(), bytes);
    });
  } else {
    stream.queue([=] { copy_bytes(to, from, bytes); });
  }
  return cudaSuccess;
}

}  // namespace
}  // namespace scgan::stand_in

using namespace scgan::stand_in;  // NOLINT: CUDA's functions follow

extern "C" {

cudaError_t cudaGetLastError() { return std::exchange(last_error, cudaSuccess); }
cudaError_t cudaPeekAtLastError() { return last_error; }
cudaError_t cudaDriverGetVersion(int* version) { return *version = CUDART_VERSION, cudaSuccess; }

// Devices.

cudaError_t cudaGetDeviceCount(int* count) {
  *count = static_cast<int>(visible_gpus().size());
  return note(*count == 0 ? cudaErrorNoDevice : cudaSuccess);
}

cudaError_t cudaGetDevice(int* device) { return *device = current_device(), cudaSuccess; }

cudaError_t cudaSetDevice(int device) {
  if (!exists(device)) return note(cudaErrorInvalidDevice);
  current_device() = device;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  if (!exists(device)) return note(cudaErrorInvalidDevice);
  *properties = {};
  std::snprintf(properties->name, sizeof properties->name, "stand-in for tests, on the CPU");
  properties->major = 9;
  properties->totalGlobalMem = memory_info(device).total;
  properties->multiProcessorCount = 1;
  properties->warpSize = 32;
  properties->maxThreadsPerBlock = 1024;
  properties->maxThreadsPerMultiProcessor = 2048;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr, int) {
  return *value = 0, cudaSuccess;
}

cudaError_t cudaDeviceGetPCIBusId(char* text, int length, int device) {
  if (!exists(device)) return note(cudaErrorInvalidDevice);
  std::snprintf(text, static_cast<size_t>(length), "0000:%02x:00.0",
                visible_gpus()[static_cast<size_t>(device)] + 1);
  return cudaSuccess;
}

cudaError_t cudaDeviceCanAccessPeer(int* can, int, int) { return *can = 0, cudaSuccess; }

cudaError_t cudaDeviceGetStreamPriorityRange(int* least, int* greatest) {
  *least = 0;
  *greatest = -5;
  return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize() {
  if (const cudaError_t status = check_unsafe_call(); status != cudaSuccess) return note(status);
  count_synchronisation();
  return drain_device(), cudaSuccess;
}

// Memory.

cudaError_t cudaMalloc(void** address, size_t bytes) {
  if (const cudaError_t status = check_unsafe_call(); status != cudaSuccess) return note(status);
  *address = allocate(bytes, current_device());
  return note(*address == nullptr ? cudaErrorMemoryAllocation : cudaSuccess);
}

cudaError_t cudaHostAlloc(void** address, size_t bytes, unsigned) {
  if (const cudaError_t status = check_unsafe_call(); status != cudaSuccess) return note(status);
  *address = allocate_pinned(bytes);
  return note(*address == nullptr ? cudaErrorMemoryAllocation : cudaSuccess);
}

cudaError_t cudaFree(void* address) {
  if (const cudaError_t status = check_unsafe_call(); status != cudaSuccess) return note(status);
  count_synchronisation();
  drain_device();
  return note(address == nullptr || release(address) ? cudaSuccess : cudaErrorInvalidValue);
}

cudaError_t cudaFreeHost(void* address) { return cudaFree(address); }

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  const MemoryInfo found = memory_info(current_device());
  *free = found.free;
  *total = found.total;
  return cudaSuccess;
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* address) {
  const MemoryLocation found = location_of(address);
  *attributes = {};
  attributes->device = found.device;
  attributes->type = found.kind == MemoryKind::kDevice   ? cudaMemoryTypeDevice
                     : found.kind == MemoryKind::kPinned ? cudaMemoryTypeHost
                                                         : cudaMemoryTypeUnregistered;
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind,
                            cudaStream_t stream) {
  return copy(to, from, bytes, stream_of(stream));
}

cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind) {
  if (const cudaError_t status = check_unsafe_call(); status != cudaSuccess) return note(status);
  copy(to, from, bytes, stream_of(nullptr));
  count_synchronisation();
  stream_of(nullptr).drain();
  return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void* address, int value, size_t bytes, cudaStream_t stream) {
  stream_of(stream).queue([=] { std::memset(kernel_address(address), value, bytes); });
  return cudaSuccess;
}

// Streams.

cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned, int) {
  *stream = new CUstream_st(current_device());
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) { return stream->close(), cudaSuccess; }

cudaError_t cudaStreamQuery(cudaStream_t stream) {
  if (const cudaError_t status = check_wait(stream_of(stream)); status != cudaSuccess)
    return status;
  return stream_of(stream).idle() ? cudaSuccess : cudaErrorNotReady;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  if (const cudaError_t status = check_wait(stream_of(stream)); status != cudaSuccess)
    return status;
  count_synchronisation();
  return stream_of(stream).drain(), cudaSuccess;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  const auto captured = event->captured();
  const auto point = event->last();
  if (captured == nullptr && point == nullptr) return cudaSuccess;  // never recorded
  if (const cudaError_t status = capture_wait(stream_of(stream), captured); status != cudaSuccess)
    return note(status);
  if (point != nullptr) stream_of(stream).queue([point] { point->wait(); });
  return cudaSuccess;
}

cudaError_t cudaStreamAddCallback(cudaStream_t stream, cudaStreamCallback_t callback, void* data,
                                  unsigned) {
  if (const cudaError_t status = check_not_under_capture(stream_of(stream)); status != cudaSuccess)
    return note(status);
  stream_of(stream).queue([=] { callback(stream, cudaSuccess, data); });
  return cudaSuccess;
}

// Events.

cudaError_t cudaEventCreate(cudaEvent_t* event) { return *event = new CUevent_st, cudaSuccess; }
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  return cudaEventCreate(event);
}
cudaError_t cudaEventDestroy(cudaEvent_t event) { return delete event, cudaSuccess; }

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  return event->record(stream_of(stream)), cudaSuccess;
}

cudaError_t cudaEventRecordWithFlags(cudaEvent_t event, cudaStream_t stream, unsigned) {
  return cudaEventRecord(event, stream);
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  if (const cudaError_t status = check_wait(event); status != cudaSuccess) return status;
  const auto point = event->last();
  if (point == nullptr || point->signalled()) return cudaSuccess;
  count_event_query(event);
  return cudaErrorNotReady;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  if (const cudaError_t status = check_wait(event); status != cudaSuccess) return status;
  count_event_wait();
  if (const auto point = event->last()) point->wait();
  return cudaSuccess;
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  const auto first = start->last();
  const auto last = end->last();
  if (first == nullptr || last == nullptr) return note(cudaErrorInvalidResourceHandle);
  if (!first->signalled() || !last->signalled()) return cudaErrorNotReady;
  *milliseconds = std::chrono::duration<float, std::milli>(last->when() - first->when()).count();
  return cudaSuccess;
}

}  // extern "C"
