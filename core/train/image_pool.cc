#include "core/train/image_pool.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>

#include <algorithm>
#include <vector>

namespace scgan {
namespace {

// The moves of a batch. Each vector is contiguous, in this order.
template <typename Vector>
struct PoolMoves {
  // Of every shown image, [N]: 1 if it was stored before this step, else 0; in which slot; the
  // number of the fake if it was not stored.
  Vector is_stored, slot, fake;
  // Of every slot, [capacity]: 1 if a fake is stored there, else 0; the number of the fake.
  Vector is_written, written;
};

// `part(begin, count)` returns a part of the values.
template <typename Part>
auto pool_moves(int64_t count, int64_t capacity, const Part& part) {
  return PoolMoves<decltype(part(0, 0))>{part(0, count), part(count, count), part(2 * count, count),
                                         part(3 * count, capacity),
                                         part(3 * count + capacity, capacity)};
}

at::Tensor is_set(const at::Tensor& flags) { return flags.ne(0).view({-1, 1, 1, 1}); }

}  // namespace

ImagePool::ImagePool(int64_t capacity, int64_t seed, Purpose purpose)
    : capacity_(capacity), rng_(static_cast<uint32_t>(seed), purpose) {}

void ImagePool::decide(int64_t step, int64_t count, int64_t* values) {
  if (capacity_ == 0) return;
  std::fill_n(values, move_count(count), 0);
  const auto moves =
      pool_moves(count, capacity_, [&](int64_t begin, int64_t) { return values + begin; });
  for (int64_t i = 0; i < count; ++i) {
    const auto counter = static_cast<uint32_t>(step);
    const auto sample = static_cast<uint32_t>(i);
    moves.fake[i] = i;
    int64_t slot = 0;
    if (stored_ < capacity_) {
      slot = stored_++;
    } else if (rng_.uniform(counter, sample) > 0.5) {
      slot = rng_.index(static_cast<uint32_t>(capacity_), counter, sample);
      if (moves.is_written[slot] != 0) {
        moves.fake[i] = moves.written[slot];
      } else {
        moves.is_stored[i] = 1;
        moves.slot[i] = slot;
      }
    } else {
      continue;
    }
    moves.is_written[slot] = 1;
    moves.written[slot] = i;
  }
}

at::Tensor ImagePool::query(const at::Tensor& fakes, const at::Tensor& values) {
  if (capacity_ == 0) return fakes;
  const at::NoGradGuard no_grad;
  allocate(fakes);
  const int64_t count = fakes.size(0);
  if (fakes.is_cuda()) {
    const auto moves = pool_moves(count, capacity_, [&](int64_t begin, int64_t length) {
      return values.narrow(0, begin, length);
    });
    at::Tensor shown = at::where(is_set(moves.is_stored), slots_.index_select(0, moves.slot),
                                 fakes.index_select(0, moves.fake));
    at::where_out(slots_, is_set(moves.is_written), fakes.index_select(0, moves.written), slots_);
    return shown;
  }
  // On a CPU, single images take less time than the operations above.
  const auto* numbers = values.const_data_ptr<int64_t>();
  const auto moves =
      pool_moves(count, capacity_, [&](int64_t begin, int64_t) { return numbers + begin; });
  std::vector<at::Tensor> shown;
  for (int64_t i = 0; i < count; ++i) {
    shown.push_back(moves.is_stored[i] != 0 ? slots_[moves.slot[i]] : fakes[moves.fake[i]]);
  }
  at::Tensor result = at::stack(shown);
  for (int64_t slot = 0; slot < capacity_; ++slot) {
    if (moves.is_written[slot] != 0) slots_[slot].copy_(fakes[moves.written[slot]]);
  }
  return result;
}

at::Tensor ImagePool::images() const {
  return stored_ == 0 ? at::Tensor() : slots_.narrow(0, 0, stored_);
}

void ImagePool::set_images(const at::Tensor& images) {
  allocate(images);
  stored_ = images.size(0);
  slots_.narrow(0, 0, stored_).copy_(images);
}

void ImagePool::allocate(const at::Tensor& like) {
  if (slots_.defined()) return;
  auto shape = like.sizes().vec();
  shape.front() = capacity_;
  slots_ = at::empty(shape, like.options());
}

}  // namespace scgan
