// Compares whole training steps with tests/oracle, an independent program that computes the
// published procedure from its specification. These tests read only its files in
// tests/oracle/golden; tests/oracle/README.md describes their content.
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "core/comm/solo_communicator.h"
#include "core/model/safetensors.h"
#include "core/train/gan_step.h"
#include "tests/core/train/oracle_formulas.h"
#include "tests/support/temp_dir.h"
#include "tests/support/thread_communicator.h"

namespace scgan {
namespace {

// Relative, for float64.
constexpr double kTolerance = 1e-9;
// Relative, for the losses of the first iteration in float32.
constexpr double kFloat32Tolerance = 1e-5;
constexpr double kLearningRate = 2e-4;

struct OracleCase {
  // Name of the golden file.
  const char* name;
  DiscriminatorKind discriminator;
  // Applies the differences from the published settings.
  void (*change)(RunSpec&);
};

void PrintTo(const OracleCase& oracle_case, std::ostream* out) { *out << oracle_case.name; }

void full_policy(RunSpec& spec) { spec.model.diffaug = {"color", "translation", "cutout"}; }

// Must match tests/oracle/cases.py.
const OracleCase kCases[] = {
    {"cyclegan", DiscriminatorKind::kPatch, [](RunSpec&) {}},
    {"cyclegan_diffaug", DiscriminatorKind::kPatch, full_policy},
    {"scgan", DiscriminatorKind::kFastGan, [](RunSpec&) {}},
    {"scgan_128", DiscriminatorKind::kFastGan, [](RunSpec& spec) { spec.data.image_size = 128; }},
    {"no_identity", DiscriminatorKind::kPatch,
     [](RunSpec& spec) { spec.loss.lambda_identity = 0; }},
    {"absolute_identity", DiscriminatorKind::kPatch,
     [](RunSpec& spec) { spec.loss.identity_mode = IdentityMode::kAbsolute; }},
    {"no_pool", DiscriminatorKind::kPatch, [](RunSpec& spec) { spec.train.pool_size = 0; }},
    {"ema", DiscriminatorKind::kPatch, [](RunSpec& spec) { spec.train.ema_decay = 0.9; }},
    {"other_weights", DiscriminatorKind::kFastGan,
     [](RunSpec& spec) {
       spec.loss.lambda_a = 8;
       spec.loss.lambda_b = 6;
       spec.loss.lambda_identity = 0.3;
       spec.loss.lambda_ssl = 2;
       spec.loss.d_adv_scale = 0.7;
     }},
    {"d_first", DiscriminatorKind::kFastGan,
     [](RunSpec& spec) {
       full_policy(spec);
       spec.train.order = UpdateOrder::kDiscriminatorsFirst;
     }},
    {"ssl_l1", DiscriminatorKind::kFastGan,
     [](RunSpec& spec) { spec.loss.ssl_distance = SslDistance::kL1; }},
    {"ssl_l2norm", DiscriminatorKind::kFastGan,
     [](RunSpec& spec) { spec.loss.ssl_distance = SslDistance::kL2Norm; }},
    {"ssl_sum", DiscriminatorKind::kFastGan,
     [](RunSpec& spec) { spec.loss.ssl_reduction = BatchReduction::kSum; }},
};

const OracleCase& case_named(std::string_view name) {
  return *std::ranges::find(kCases, name, &OracleCase::name);
}

RunSpec spec_of(const OracleCase& oracle_case) {
  RunSpec spec;
  spec.seed = 7;
  spec.data.image_size = 64;
  spec.model.generator_width = 4;
  spec.model.generator_blocks = 2;
  spec.model.discriminator = oracle_case.discriminator;
  spec.model.discriminator_width = 4;
  spec.loss.d_adv_scale = oracle_case.discriminator == DiscriminatorKind::kFastGan ? 1 : 0.5;
  spec.train.batch_size = 4;
  spec.train.micro_batch = 2;
  spec.train.pool_size = 2;  // less than a batch, so it swaps images from the first iteration on
  spec.train.precision = Precision::kFp64;
  oracle_case.change(spec);
  resolve_defaults(spec);
  return spec;
}

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> result;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) result.push_back(line);
  return result;
}

// The values that the oracle recorded for one case.
class Golden {
 public:
  explicit Golden(const std::string& name)
      : file_(read_safetensors(std::filesystem::path(SCGAN_ORACLE_DIR) / (name + ".safetensors"))),
        rows_(lines(file_.metadata.at("rows"))) {
    for (const auto& [key, tensor] : file_.tensors) tensors_[key] = tensor;
  }

  int64_t iterations() const { return tensors_.at("losses").size(0); }
  double loss(int64_t iteration, size_t column) const {
    return tensors_.at("losses")[iteration - 1][static_cast<int64_t>(column)].item<double>();
  }
  bool has_state(int64_t iteration) const { return tensors_.contains(key(iteration)); }

  // For each tensor: sum, sum of squares, product with signs, some elements. Undefined for a tensor
  // that has no true gradient, only rounding noise; such a tensor is not compared.
  std::map<std::string, at::Tensor> state(int64_t iteration) const {
    std::map<std::string, at::Tensor> result;
    for (size_t i = 0; i < rows_.size(); ++i) {
      if (rows_[i].ends_with('*')) {
        result[rows_[i].substr(0, rows_[i].size() - 1)] = at::Tensor();
      } else {
        result[rows_[i]] = tensors_.at(key(iteration))[static_cast<int64_t>(i)];
      }
    }
    return result;
  }

 private:
  static std::string key(int64_t iteration) { return "state." + std::to_string(iteration); }

  SafetensorsFile file_;
  std::vector<std::string> rows_;
  std::map<std::string, at::Tensor> tensors_;
};

// Returns the largest difference between `tensor` and a recorded row, relative to the tensor's
// norm.
double deviation(const at::Tensor& tensor, const at::Tensor& row) {
  const at::Tensor flat = tensor.detach().to(at::kDouble).reshape(-1);
  const auto expected = [&](int64_t column) { return row[column].item<double>(); };
  const double norm = std::sqrt(expected(1));
  const double spread = norm * std::sqrt(static_cast<double>(flat.numel()));
  const int64_t samples = row.numel() - 3;
  std::vector<double> all{
      (flat.sum().item<double>() - expected(0)) / spread,
      (flat.square().sum().item<double>() - expected(1)) / (2 * expected(1)),
      (flat.dot(testing::signs(flat.numel())).item<double>() - expected(2)) / norm};
  for (int64_t j = 0; j < samples; ++j) {
    all.push_back((flat[j * flat.numel() / samples].item<double>() - expected(3 + j)) / norm);
  }
  double worst = 0;
  for (const double value : all)
    worst = std::isnan(value) ? value : std::max(worst, std::abs(value));
  return worst;
}

void expect_state(const TrainState& state, const Golden& golden, int64_t iteration) {
  auto expected = golden.state(iteration);
  for (const auto& [name, tensor] : state.tensors()) {
    const auto row = expected.extract(name);
    ASSERT_FALSE(row.empty()) << "the oracle has no " << name;
    if (!row.mapped().defined()) continue;
    if (row.mapped()[1].item<double>() == 0) {
      EXPECT_EQ(tensor.count_nonzero().item<int64_t>(), 0) << name;
    } else {
      EXPECT_LE(deviation(tensor, row.mapped()), kTolerance)
          << name << " after iteration " << iteration;
    }
  }
  EXPECT_TRUE(expected.empty()) << "missing: " << expected.begin()->first;
}

void expect_losses(const StepLosses& losses, const Golden& golden, int64_t iteration,
                   double tolerance) {
  for (size_t column = 0; column < kLosses.size(); ++column) {
    const auto& [loss, name] = kLosses[column];
    const double expected = golden.loss(iteration, column);
    EXPECT_NEAR(losses[loss], expected, tolerance * std::abs(expected))
        << name << " of iteration " << iteration;
  }
}

class OracleTest : public ::testing::TestWithParam<OracleCase> {
 protected:
  OracleTest() : golden_(GetParam().name), spec_(spec_of(GetParam())) {
    at::set_num_threads(1);
    NamedTensors given;
    for (const auto& [name, tensor] : TrainState(spec_, at::kCPU).tensors()) {
      if (name.starts_with("net") && !name.ends_with("num_batches_tracked")) {
        given.emplace_back(name, testing::given_weight(name, tensor.sizes()));
      }
    }
    spec_.train.initial_weights = folder_.path() / "given.safetensors";
    write_safetensors(spec_.train.initial_weights, given, {});
  }

  Batch batch(int64_t step) const {
    const std::vector<int64_t> shape{spec_.train.batch_size, 3, spec_.data.image_size,
                                     spec_.data.image_size};
    return {testing::given_images(0, step, shape), testing::given_images(1, step, shape)};
  }

  void compare(Communicator& communicator) const {
    TrainState state(spec_, at::kCPU);
    GanStep step(spec_, state, communicator);
    for (int64_t iteration = 1; iteration <= golden_.iterations(); ++iteration) {
      expect_losses(step.run(batch(iteration - 1), kLearningRate).get(), golden_, iteration,
                    kTolerance);
      if (golden_.has_state(iteration)) {
        step.collect_discriminators();
        expect_state(state, golden_, iteration);
      }
    }
  }

  TempDir folder_;
  Golden golden_;
  RunSpec spec_;
};

TEST_P(OracleTest, OneRankAgreesInFloat64) {
  SoloCommunicator solo;
  compare(solo);
}

class TwoRankOracleTest : public OracleTest {};

TEST_P(TwoRankOracleTest, AgreesInFloat64) {
  testing::on_ranks(2, [&](Communicator& communicator) { compare(communicator); });
}

TEST_P(OracleTest, FirstLossesAgreeInFloat32) {
  spec_.train.precision = Precision::kFp32;
  SoloCommunicator solo;
  TrainState state(spec_, at::kCPU);
  const StepLosses losses = GanStep(spec_, state, solo).run(batch(0), kLearningRate).get();
  expect_losses(losses, golden_, 1, kFloat32Tolerance);
}

INSTANTIATE_TEST_SUITE_P(Cases, OracleTest, ::testing::ValuesIn(kCases),
                         [](const auto& test) { return test.param.name; });
// GanStepTest shows that two ranks compute the bits of one rank, so a few cases are enough.
INSTANTIATE_TEST_SUITE_P(Cases, TwoRankOracleTest,
                         ::testing::Values(case_named("cyclegan_diffaug"), case_named("scgan"),
                                           case_named("ema"), case_named("d_first")),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace scgan
