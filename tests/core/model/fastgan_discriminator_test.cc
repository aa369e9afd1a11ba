#include "core/model/fastgan_discriminator.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>
#include <torch/nn/module.h>

#include "core/base/error.h"
#include "core/model/fastgan_blocks.h"
#include "core/model/ssl_loss.h"
#include "tests/core/model/model_specs.h"
#include "tests/core/model/module_network.h"

namespace scgan {
namespace {

using testing::ssl_spec;

std::shared_ptr<Discriminator> make_network(int64_t image_size) {
  auto network = make_fastgan_discriminator(ssl_spec(4), image_size);
  initialize(*network, 11, NetworkIndex::kDA);
  return network;
}

at::Tensor make_images(int64_t count, int64_t size) {
  return at::sin(0.013 * at::arange(count * 3 * size * size)).view({count, 3, size, size});
}

double loss(const Discriminator::RealOutput& output) {
  return SslLoss(LossSpec{})(output.reconstructions).item<double>();
}

bool is_decoder(const std::string& name) { return name.starts_with("decoder_"); }

TEST(FastGanDiscriminatorTest, HasFiftyLogitsPerImageAtEverySize) {
  const at::NoGradGuard no_grad;
  for (const int64_t size : {64, 128, 256, 512, 1024}) {
    const auto output = make_network(size)->discriminate_real(make_images(2, size), {8, 8});
    EXPECT_EQ(output.logits.sizes(), (std::vector<int64_t>{100})) << size;
    const int64_t side = size == 64 ? 64 : 128;
    ASSERT_EQ(output.reconstructions.size(), 3) << size;
    for (const Reconstruction& one : output.reconstructions) {
      EXPECT_EQ(one.image.sizes(), (std::vector<int64_t>{2, 3, side, side})) << one.decoder;
      EXPECT_EQ(one.target.sizes(), one.image.sizes()) << one.decoder;
    }
  }
}

TEST(FastGanDiscriminatorTest, OtherSizesAreRejected) {
  EXPECT_THROW(make_fastgan_discriminator(ssl_spec(64), 96), Error);
  EXPECT_THROW(make_fastgan_discriminator(ssl_spec(64), 32), Error);
}

TEST(FastGanDiscriminatorTest, DecodersDoubleTheSizePerUpBlock) {
  const at::NoGradGuard no_grad;
  SimpleDecoder decoder(6, std::vector<int64_t>{8, 4, 4, 4}, LayerStyle());
  testing::ModuleNetwork network(*decoder);
  initialize(network, 1, NetworkIndex::kDA);
  const auto images = decoder->forward(make_images(2, 8).repeat({1, 2, 1, 1}));
  EXPECT_EQ(images.sizes(), (std::vector<int64_t>{2, 3, 128, 128}));
  EXPECT_LE(images.abs().max().item<double>(), 1);
}

TEST(FastGanDiscriminatorTest, LossReachesEveryDecoderParameterAndTheTrunk) {
  const auto network = make_network(64);
  SslLoss{LossSpec()}(network->discriminate_real(make_images(2, 64), {8, 0}).reconstructions)
      .backward();
  for (const auto& parameter : network->module().named_parameters()) {
    if (is_decoder(parameter.key()) || parameter.key().starts_with("down_")) {
      ASSERT_TRUE(parameter.value().grad().defined()) << parameter.key();
      EXPECT_GT(parameter.value().grad().abs().max().item<double>(), 0) << parameter.key();
    }
  }
}

TEST(FastGanDiscriminatorTest, LogitsReachEverythingExceptTheDecoders) {
  const auto network = make_network(64);
  network->logits(make_images(2, 64)).square().mean().backward();
  for (const auto& parameter : network->module().named_parameters()) {
    EXPECT_EQ(parameter.value().grad().defined(), !is_decoder(parameter.key())) << parameter.key();
  }
}

TEST(FastGanDiscriminatorTest, TheWindowAffectsOnlyTheReconstructions) {
  const at::NoGradGuard no_grad;
  std::vector<Discriminator::RealOutput> outputs;
  for (const PartWindow& part : {PartWindow{0, 0}, {0, 8}, {8, 0}, {8, 8}}) {
    outputs.push_back(make_network(64)->discriminate_real(make_images(2, 64), part));
    EXPECT_TRUE(at::equal(outputs[0].logits, outputs.back().logits));
  }
  for (size_t part = 1; part < 4; ++part) EXPECT_NE(loss(outputs[0]), loss(outputs[part]));
}

TEST(FastGanDiscriminatorTest, TrunkAndDecodersCountTheirBatches) {
  const auto network = make_network(64);
  network->logits(make_images(2, 64));
  network->discriminate_real(make_images(2, 64), {});
  network->logits(make_images(2, 64));
  const auto buffers = network->module().named_buffers();
  EXPECT_EQ(buffers["down_16.main.1.num_batches_tracked"].item<int64_t>(), 3);
  EXPECT_EQ(buffers["decoder_big.main.1.2.num_batches_tracked"].item<int64_t>(), 1);
}

TEST(FastGanDiscriminatorTest, EvalModeChangesNoBuffer) {
  const auto network = make_network(64);
  network->set_training(false);
  std::vector<at::Tensor> before;
  for (const auto& [name, buffer] : network->buffers()) before.push_back(buffer.clone());
  network->discriminate_real(make_images(2, 64), {});
  for (size_t i = 0; i < before.size(); ++i) {
    EXPECT_TRUE(at::equal(network->buffers()[i].second, before[i]));
  }
}

TEST(FastGanDiscriminatorTest, NearestResizePicksTheFirstOfEveryBlock) {
  const auto images = at::arange(16.0).view({1, 1, 4, 4});
  EXPECT_TRUE(at::equal(resize_nearest(images, 2),
                        at::tensor({0.0F, 2.0F, 8.0F, 10.0F}).view({1, 1, 2, 2})));
  const auto doubled = resize_nearest(images, 8);
  EXPECT_TRUE(at::equal(resize_nearest(doubled, 4), images));
  EXPECT_EQ(doubled[0][0][3][5].item<float>(), images[0][0][1][2].item<float>());
}

}  // namespace
}  // namespace scgan
