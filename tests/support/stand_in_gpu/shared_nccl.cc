#include "tests/support/stand_in_gpu/shared_nccl.h"

#include <chrono>
#include <cstdlib>
#include <string_view>

#include "tests/support/stand_in_gpu/memory.h"

namespace scgan::stand_in {
namespace {

bool peer_loss_is_silent() {
  static const char* word = std::getenv("SCGAN_STAND_IN_NCCL_SILENT");
  return word != nullptr && std::string_view(word) == "1";
}

std::chrono::milliseconds minimum_operation_time() {
  static const char* text = std::getenv("SCGAN_STAND_IN_LINK_MS");
  return std::chrono::milliseconds(text == nullptr ? 0 : std::stoi(text));
}

size_t buffer_bytes() {
  static const char* text = std::getenv("SCGAN_STAND_IN_NCCL_MIB");
  return (text == nullptr ? size_t{0} : std::stoul(text)) << 20;
}

}  // namespace

bool SharedNccl::allocate_buffers() {
  const std::scoped_lock lock(mutex_);
  if (buffers_ == nullptr && buffer_bytes() > 0) buffers_ = allocate(buffer_bytes(), device);
  return buffers_ != nullptr || buffer_bytes() == 0;
}

void SharedNccl::release_buffers() {
  const std::scoped_lock lock(mutex_);
  if (buffers_ != nullptr) release(std::exchange(buffers_, nullptr));
}

ncclResult_t SharedNccl::state() {
  const std::scoped_lock lock(mutex_);
  return state_;
}

void SharedNccl::set(ncclResult_t state, std::string text) {
  const std::scoped_lock lock(mutex_);
  state_ = state;
  text_ = std::move(text);
}

std::string SharedNccl::text() {
  const std::scoped_lock lock(mutex_);
  return text_;
}

void SharedNccl::perform(uint64_t number, uint64_t kind, const std::vector<Transfer>& sends,
                         const std::vector<Transfer>& receives) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return done_ + 1 == number || links.aborted(); });
  changed_.wait_for(lock, minimum_operation_time(), [&] { return links.aborted().load(); });
  lock.unlock();
  const std::string problem = links.exchange(number, kind, sends, receives);
  if (!problem.empty() && !links.aborted() && !peer_loss_is_silent()) set(ncclRemoteError, problem);
  lock.lock();
  if (!problem.empty()) changed_.wait(lock, [&] { return links.aborted().load(); });
  done_ = number;
  changed_.notify_all();
}

void SharedNccl::abort() {
  const std::scoped_lock lock(mutex_);
  links.aborted() = true;
  changed_.notify_all();
}

}  // namespace scgan::stand_in
