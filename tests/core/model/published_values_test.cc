// Compares whole networks in float64 with the output of published_values.py in this folder, which
// builds them from the modules of PyTorch 2.11.0 (spectral_norm, adaptive pools, interpolate,
// ReflectionPad2d).
#include <gtest/gtest.h>

#include <string>

#include "core/model/fastgan_discriminator.h"
#include "core/model/networks.h"
#include "core/model/patch_discriminator.h"
#include "core/model/resnet_generator.h"
#include "core/model/ssl_loss.h"
#include "tests/core/model/formula_values.h"
#include "tests/core/model/model_specs.h"

namespace scgan {
namespace {

using testing::expect_close;
using testing::expect_numbers;
using testing::fill;
using testing::images;
using testing::Numbers;

TEST(PublishedValuesTest, GeneratorMatchesPytorch) {
  const auto network = make_resnet_generator(4, 2);
  fill(*network);
  expect_numbers(network->forward(images(32)), {-0.102769693766, -441.347730225, 141.357720588});
}

TEST(PublishedValuesTest, PatchDiscriminatorMatchesPytorch) {
  const auto network = make_patch_discriminator(testing::patch_spec(4));
  fill(*network);
  expect_numbers(network->logits(images(64)), {0.0491238688751, 4.84818438515, 6.9700694824});
}

struct PublishedCase {
  int64_t image_size;
  Numbers logits[2];         // of two forwards in a row, with the part top right, then bottom left
  double reconstruction[2];  // likewise
  double gradient_square;    // squared norm of the gradient of mean(logits^2) + reconstruction,
                             // second forward
};

class PublishedSslValuesTest : public ::testing::TestWithParam<PublishedCase> {};

TEST_P(PublishedSslValuesTest, DiscriminatorMatchesPytorch) {
  const PublishedCase& expected = GetParam();
  const auto network = make_fastgan_discriminator(testing::ssl_spec(8), expected.image_size);
  fill(*network);
  Discriminator::RealOutput output;
  for (int forward = 0; forward < 2; ++forward) {
    const PartWindow part = forward == 0 ? PartWindow{0, 8} : PartWindow{8, 0};
    output = network->discriminate_real(images(expected.image_size), part);
    expect_numbers(output.logits, expected.logits[forward]);
    expect_close(SslLoss(LossSpec{})(output.reconstructions).item<double>(),
                 expected.reconstruction[forward]);
  }
  expect_close(testing::squared_gradient(*network, output), expected.gradient_square);
}

INSTANTIATE_TEST_SUITE_P(
    EverySize, PublishedSslValuesTest,
    ::testing::Values(PublishedCase{64,
                                    {{-0.116182136767, -2.93255835942, 4.81897805255},
                                     {-0.106018997512, -2.88687114619, 4.78479546714}},
                                    {2.29148441109, 2.34633641126},
                                    904.76452266},
                      PublishedCase{128,
                                    {{-0.341968748837, -1.08203326597, 3.0131412674},
                                     {-0.341920838919, -1.08210775699, 3.01263643082}},
                                    {2.00715894928, 2.08023313861},
                                    98.9443491831},
                      PublishedCase{256,
                                    {{-0.247925339291, -2.90926504897, 2.94639273277},
                                     {-0.25116719137, -2.9231267274, 2.95566361888}},
                                    {1.89076204207, 1.95765620937},
                                    143.422535645},
                      PublishedCase{512,
                                    {{0.249495397822, -2.09684094558, 1.68427079513},
                                     {0.241237747617, -2.15673449097, 1.69371466725}},
                                    {1.93519981506, 2.00375535713},
                                    2638.76840613},
                      PublishedCase{1024,
                                    {{-0.415128518226, -1.5283231018, 1.99151221768},
                                     {-0.415169412165, -1.52958029157, 1.99161719336}},
                                    {1.96134185461, 2.02128449453},
                                    291.444334877}),
    [](const auto& instance) { return std::to_string(instance.param.image_size) + "px"; });

}  // namespace
}  // namespace scgan
