// Weights, images and checksum signs from formulas, bit for bit those of tests/oracle/formulas.py.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <cstdint>
#include <string_view>

namespace scgan::testing {

// The 32-bit finaliser of MurmurHash3.
inline uint32_t mix(uint32_t x) {
  x = (x ^ (x >> 16)) * 0x85EBCA6BU;
  x = (x ^ (x >> 13)) * 0xC2B2AE35U;
  return x ^ (x >> 16);
}

// The 32-bit FNV-1a hash of a name.
inline uint32_t fnv1a(std::string_view text) {
  uint32_t value = 0x811C9DC5U;
  for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x01000193U;
  return value;
}

// Returns a tensor with `value(mix(start + i))` at flat position i.
template <typename Value>
at::Tensor hashed(at::IntArrayRef shape, uint32_t start, Value value) {
  at::Tensor tensor = at::empty(shape, at::kDouble);
  auto* const data = tensor.mutable_data_ptr<double>();
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    data[i] = value(mix(start + static_cast<uint32_t>(i)));
  }
  return tensor;
}

// Returns float32 values uniform in [-1/4, 1/4), plus 1 for scales and variances of batch norm.
inline at::Tensor given_weight(std::string_view name, at::IntArrayRef shape) {
  const bool one_more =
      name.ends_with("running_var") || (shape.size() == 1 && name.ends_with(".weight"));
  return hashed(shape, fnv1a(name),
                [&](uint32_t h) {
                  return (static_cast<double>(h >> 8) - 0x1p23) * 0x1p-25 + (one_more ? 1 : 0);
                })
      .to(at::kFloat);
}

// Returns float32 noise of 256 levels. `domain` is 0 for A, 1 for B.
inline at::Tensor given_images(int64_t domain, int64_t step, at::IntArrayRef shape) {
  return hashed(shape, static_cast<uint32_t>(1000003 * (2 * step + domain)),
                [](uint32_t h) { return (static_cast<double>(h >> 24) - 128) / 128; })
      .to(at::kFloat);
}

// Returns `count` values that are +1 or -1.
inline at::Tensor signs(int64_t count) {
  return hashed({count}, 0, [](uint32_t h) { return (h >> 31) != 0 ? -1.0 : 1.0; });
}

}  // namespace scgan::testing
