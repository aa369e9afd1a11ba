// The weights and images of tests/oracle/inception_oracle.py, and its golden files.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/features/inception_v3.h"
#include "core/model/safetensors.h"

namespace scgan {

// [0, 1): splitmix64 seeded with the FNV-1a hash of the name.
class NamedUniforms {
 public:
  explicit NamedUniforms(std::string_view name) {
    for (const char byte : name) {
      state_ = (state_ ^ static_cast<uint8_t>(byte)) * 0x100000001B3;
    }
  }
  double next() {
    uint64_t z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EB;
    z ^= z >> 31U;
    return static_cast<double>(z >> 11U) * 0x1p-53;
  }

 private:
  uint64_t state_ = 0xCBF29CE484222325;
};

inline at::Tensor sample_weight(const std::string& name, at::IntArrayRef shape) {
  at::Tensor tensor = at::empty(shape, at::kFloat);
  float* out = tensor.mutable_data_ptr<float>();
  NamedUniforms uniforms(name);
  const double he = name.ends_with("conv.weight")
                        ? std::sqrt(6.0 / static_cast<double>(shape[1] * shape[2] * shape[3]))
                        : 0;
  const bool is_scale = name.ends_with("bn.weight") || name.ends_with("bn.running_var");
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    const double u = uniforms.next();
    out[i] = static_cast<float>(he != 0 ? (2 * u - 1) * he : is_scale ? 0.5 + u : 0.4 * u - 0.2);
  }
  return tensor;
}

inline NamedTensors sample_inception_weights() {
  const InceptionV3 network;
  NamedTensors weights;
  for (const auto& each : network.named_parameters()) {
    weights.emplace_back(each.key(), sample_weight(each.key(), each.value().sizes()));
  }
  for (const auto& each : network.named_buffers()) {
    weights.emplace_back(each.key(), sample_weight(each.key(), each.value().sizes()));
  }
  return weights;
}

// uint8 [count, 3, height, width]: a pattern with slopes and edges.
inline at::Tensor sample_images(int64_t count, int64_t height, int64_t width) {
  at::Tensor images = at::empty({count, 3, height, width}, at::kByte);
  auto* out = images.mutable_data_ptr<uint8_t>();
  for (int64_t n = 0; n < count; ++n) {
    for (int64_t c = 0; c < 3; ++c) {
      for (int64_t y = 0; y < height; ++y) {
        for (int64_t x = 0; x < width; ++x) {
          *out++ = static_cast<uint8_t>(x * 5 + y * 3 + c * 70 + n * 90 + (x * y / 7) % 17 * 9);
        }
      }
    }
  }
  return images;
}

inline at::Tensor golden(const std::string& file, const std::string& name) {
  const std::filesystem::path folder = SCGAN_GOLDEN_DIR;
  for (const auto& [key, tensor] : read_safetensors(folder / file).tensors) {
    if (key == name) return tensor;
  }
  return {};
}

}  // namespace scgan
