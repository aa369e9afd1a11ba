#include "core/model/winograd_weight.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <vector>

#include "core/model/winograd_products.h"
#include "core/model/winograd_transforms.h"

namespace scgan::winograd {
namespace {

// Elements that a thread should at least have; with fewer, waking it takes longer than it saves.
constexpr int64_t kElementsOfThread = int64_t{1} << 17;

int64_t grain(int64_t elements_of_item) {
  return std::max(int64_t{1}, kElementsOfThread / elements_of_item);
}

at::Tensor new_panels(const Shape& shape, int64_t rows, int64_t columns,
                      const at::TensorOptions& options) {
  return at::empty({shape.positions(), round_up_to(kColumns, columns) / kColumns, rows, kColumns},
                   options);
}

template <typename Number>
at::Tensor transformed_weight_of(const Shape& shape, const at::Tensor& weight) {
  at::Tensor u = new_panels(shape, shape.in, shape.out, weight.options());
  const int64_t panels = u.size(1);
  const int64_t elements = shape.in * kKernel;
  const auto* from = weight.const_data_ptr<Number>();
  auto* to = u.mutable_data_ptr<Number>();
  at::parallel_for(0, panels, grain(elements * kColumns), [&](int64_t begin, int64_t end) {
    // [C * 9, kColumns] of the weight, with the outputs of a panel side by side.
    std::vector<Number> by_element(static_cast<size_t>(elements * kColumns));
    for (int64_t p = begin; p < end; ++p) {
      const int64_t out = p * kColumns;
      for (int64_t e = 0; e < elements; e += kColumns) {
        transpose(from + out * elements + e, elements, std::min(kColumns, shape.out - out),
                  std::min(kColumns, elements - e), by_element.data() + e * kColumns, kColumns);
      }
      for (int64_t c = 0; c < shape.in; ++c) {
        transform_weight(shape.doubled, by_element.data() + c * kKernel * kColumns,
                         to + (p * shape.in + c) * kColumns, panels * shape.in * kColumns,
                         kColumns);
      }
    }
  });
  return u;
}

template <typename Number>
at::Tensor transposed_of(const Shape& shape, const at::Tensor& u) {
  at::Tensor result = new_panels(shape, shape.out, shape.in, u.options());
  const int64_t out_panels = u.size(1);
  const int64_t in_panels = result.size(1);
  const auto* from = u.const_data_ptr<Number>();
  auto* to = result.mutable_data_ptr<Number>();
  at::parallel_for(0, shape.positions() * in_panels, grain(out_panels * kColumns * kColumns),
                   [&](int64_t begin, int64_t end) {
                     for (int64_t i = begin; i < end; ++i) {
                       const int64_t in = i % in_panels * kColumns;
                       for (int64_t p = 0; p < out_panels; ++p) {
                         const int64_t out = p * kColumns;
                         transpose(
                             from + ((i / in_panels * out_panels + p) * shape.in + in) * kColumns,
                             kColumns, std::min(kColumns, shape.in - in),
                             std::min(kColumns, shape.out - out),
                             to + (i * shape.out + out) * kColumns, kColumns);
                       }
                     }
                   });
  return result;
}

template <typename Number>
at::Tensor weight_gradient_of(const Shape& shape, const at::Tensor& u) {
  at::Tensor gradient = at::empty({shape.out, shape.in, 3, 3}, u.options());
  const auto* from = u.const_data_ptr<Number>();
  auto* to = gradient.mutable_data_ptr<Number>();
  at::parallel_for(0, shape.out, grain(kKernel * shape.in), [&](int64_t begin, int64_t end) {
    std::vector<Number> by_element(static_cast<size_t>(kKernel * shape.in));
    for (int64_t o = begin; o < end; ++o) {
      transform_weight_back(shape.doubled, from + o * shape.in_row(),
                            shape.out_row() * shape.in_row(), by_element.data(), shape.in);
      Number* w = to + o * shape.in * kKernel;
      for (int64_t c = 0; c < shape.in; ++c) {
        for (int64_t k = 0; k < kKernel; ++k) w[c * kKernel + k] = by_element[k * shape.in + c];
      }
    }
  });
  return gradient;
}

}  // namespace

at::Tensor transformed_weight(const Shape& shape, const at::Tensor& weight) {
  return AT_DISPATCH_FLOATING_TYPES(weight.scalar_type(), "transformed_weight", [&] {
    return transformed_weight_of<scalar_t>(shape, weight.contiguous());
  });
}

at::Tensor transposed(const Shape& shape, const at::Tensor& transformed) {
  return AT_DISPATCH_FLOATING_TYPES(transformed.scalar_type(), "transposed",
                                    [&] { return transposed_of<scalar_t>(shape, transformed); });
}

at::Tensor weight_gradient(const Shape& shape, const at::Tensor& of_transformed) {
  return AT_DISPATCH_FLOATING_TYPES(of_transformed.scalar_type(), "weight_gradient", [&] {
    return weight_gradient_of<scalar_t>(shape, of_transformed);
  });
}

}  // namespace scgan::winograd
