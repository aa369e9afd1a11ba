#include "core/model/spectral_group.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/core/model/tensor_difference.h"
#include "tests/distributed/gpu_fixture.h"
#include "tests/distributed/stand_in_counts.h"

namespace scgan::distributed {
namespace {

constexpr ConvShape kShapes[] = {{.kernel = 3, .stride = 1, .padding = 1},
                                 {.kernel = 1, .stride = 1, .padding = 0},
                                 {.kernel = 4, .stride = 2, .padding = 1}};

// Layers one after the other, from 3 channels to 4, 5, ...
class Chain {
 public:
  Chain(int64_t layers, c10::Device device) {
    at::manual_seed(1);
    const at::NoGradGuard no_grad;
    for (int64_t i = 0; i < layers; ++i) {
      SpectralConv2d layer(3 + i, 4 + i, kShapes[i % 3]);
      layer->to(at::kDouble);
      for (auto& tensor : layer->parameters()) tensor.normal_();
      for (auto& tensor : layer->buffers()) tensor.normal_().div_(tensor.norm());
      layer->to(device);
      layers_.push_back(layer);
    }
  }

  std::vector<SpectralConv2dImpl*> layers() {
    std::vector<SpectralConv2dImpl*> all;
    for (SpectralConv2d& layer : layers_) all.push_back(layer.get());
    return all;
  }

  at::Tensor forward(at::Tensor x) {
    for (SpectralConv2d& layer : layers_) x = layer->forward(x);
    return x;
  }

  // Weights' gradients, u and v of all layers, on the CPU.
  std::vector<at::Tensor> state() const {
    std::vector<at::Tensor> all;
    for (const SpectralConv2d& layer : layers_) {
      all.insert(all.end(), {layer->weight().grad().cpu(), layer->u().cpu().clone(),
                             layer->v().cpu().clone()});
    }
    return all;
  }

 private:
  std::vector<SpectralConv2d> layers_;
};

using SpectralGroupTest = GpuTest;

// As in a discriminator's step: two forwards, then a backward through both.
TEST_F(SpectralGroupTest, EqualsItsLayersOnTheCpuUpToRounding) {
  Chain here(7, at::kCPU), there(7, gpu_);
  SpectralGroup group(there.layers());
  const at::Tensor images = at::randn({2, 3, 16, 16}, at::kDouble);
  at::Tensor expected, result;
  for (int i = 0; i < 2; ++i) {
    const at::Tensor of_layers = here.forward(images + i);
    group.prepare();
    const at::Tensor of_group = there.forward((images + i).to(gpu_));
    EXPECT_LT(difference(of_group.cpu(), of_layers), 1e-12);
    expected = i == 0 ? of_layers.square().sum() : expected + of_layers.sin().sum();
    result = i == 0 ? of_group.square().sum() : result + of_group.sin().sum();
  }
  expected.backward();
  result.backward();
  const auto on_cpu = here.state();
  const auto on_gpu = there.state();
  for (size_t i = 0; i < on_cpu.size(); ++i) {
    EXPECT_LT(difference(on_gpu[i], on_cpu[i]), 1e-11) << i;
  }
}

TEST_F(SpectralGroupTest, EvalModeDoesNotChangeTheVectors) {
  Chain chain(3, gpu_);
  SpectralGroup group(chain.layers());
  for (SpectralConv2dImpl* layer : chain.layers()) layer->eval();
  const at::Tensor u = chain.layers()[1]->u().cpu().clone();
  group.prepare();
  chain.forward(at::randn({1, 3, 16, 16}, at::kDouble).to(gpu_));
  EXPECT_TRUE(at::equal(chain.layers()[1]->u().cpu(), u));
}

TEST_F(SpectralGroupTest, MakesFewOperationsPerLayer) {
  if (counts_of_stand_in() == nullptr) GTEST_SKIP() << "only the stand-in counts operations";
  const auto operations = [&](int64_t layers, bool together) {
    Chain chain(layers, gpu_);
    SpectralGroup group(chain.layers());
    const at::Tensor images = at::randn({1, 3, 16, 16}, at::kDouble).to(gpu_);
    int64_t made = 0;
    for (int i = 0; i < 2; ++i) {  // the first time is different
      const stand_in::Counts before = counted();
      if (together) group.prepare();
      chain.forward(images).sum().backward();
      made = counted_since(before).operations;
    }
    return made;
  };
  // Of a layer, with its convolution: forward and backward pass, addition of the gradient.
  const auto per_layer = [&](bool together) {
    return (operations(6, together) - operations(3, together)) / 3;
  };
  RecordProperty("operations_per_layer_alone", std::to_string(per_layer(false)));
  RecordProperty("operations_per_layer_together", std::to_string(per_layer(true)));
  EXPECT_LE(per_layer(true), 10);
  EXPECT_GE(per_layer(false), 20);
}

}  // namespace
}  // namespace scgan::distributed
