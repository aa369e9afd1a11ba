#include "core/features/torchscript_extractor.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/ones.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/script.h>

#include <fstream>
#include <string>

#include "core/base/sha256.h"
#include "core/features/extractor_factory.h"
#include "tests/support/error_of.h"
#include "tests/support/temp_dir.h"

namespace scgan {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class TorchScriptExtractorTest : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

  // Saves a module with these methods.
  std::string save(const std::string& methods, const std::string& name = "net.pt") const {
    torch::jit::Module module("Net");
    module.register_parameter("weight", at::linspace(-1, 1, 8 * 3 * 9).view({8, 3, 3, 3}), false);
    module.register_attribute("training", c10::BoolType::get(), true);
    module.define(methods + "\n");
    module.save(path(name));
    return path(name);
  }
  std::string write(const std::string& bytes, const std::string& name) const {
    std::ofstream(path(name), std::ios::binary) << bytes;
    return path(name);
  }

  static std::unique_ptr<FeatureExtractor> open(const std::string& file, int64_t size = 32) {
    return make_feature_extractor({.kind = ExtractorKind::kTorchScript, .file = file, .digest = ""},
                                  size);
  }
  // The message of the error for the file.
  static std::string refusal(const std::string& file) {
    const std::string message = data_error_of([&] { open(file); });
    EXPECT_THAT(message, AllOf(HasSubstr(file), Not(HasSubstr("\n"))));
    return message;
  }
  std::string refusal_of(const std::string& body) const {
    return refusal(save("def forward(self, x):\n" + body));
  }

  TempDir folder_;
};

constexpr const char* kConvolution = R"(
def forward(self, x):
    y = torch.conv2d(x.float() / 255.0, self.weight, None, [2, 2], [1, 1])
    z = torch.sigmoid(y * 1.7 + 0.3) * torch.tanh(y) - y.mean(dim=1, keepdim=True)
    return z.flatten(2).mean(2)
)";

at::Tensor some_images() {
  return at::arange(4 * 3 * 32 * 32, at::kLong)
      .mul_(5)
      .remainder_(256)
      .to(at::kByte)
      .view({4, 3, 32, 32});
}

TEST_F(TorchScriptExtractorTest, ReturnsTheModulesFeaturesUnderItsName) {
  const std::string file =
      save("def forward(self, x):\n    return x.double().mean(3).mean(2)", "means.pt");
  const auto extractor = open(file);
  const at::Tensor features = extractor->features(some_images());
  EXPECT_EQ(features.scalar_type(), at::kFloat);
  EXPECT_TRUE(at::equal(features, some_images().to(at::kDouble).mean(3).mean(2).to(at::kFloat)));
  EXPECT_EQ(extractor->name(), "means.pt");
  EXPECT_EQ(extractor->digest(), sha256_of_file(file));
}

TEST_F(TorchScriptExtractorTest, FirstSecondAndThirdCallReturnEqualBits) {
  const auto extractor = open(save(kConvolution));
  const at::Tensor first = extractor->features(some_images());
  for (int call = 2; call <= 4; ++call) {
    EXPECT_TRUE(at::equal(extractor->features(some_images()), first)) << "call " << call;
  }
  const auto fresh = open(path("net.pt"));
  EXPECT_TRUE(at::equal(fresh->features(some_images()), first));
}

TEST_F(TorchScriptExtractorTest, OtherBatchSizesBetweenCallsDoNotChangeBits) {
  const auto extractor = open(save(kConvolution));
  const at::Tensor first = extractor->features(some_images());
  extractor->features(some_images().narrow(0, 0, 1));
  EXPECT_TRUE(at::equal(extractor->features(some_images()), first));
}

TEST_F(TorchScriptExtractorTest, FlattensPooledMapsAndConvertsHalf) {
  const auto pooled =
      open(save("def forward(self, x):\n    return x.half().mean([2, 3], keepdim=True)"));
  const at::Tensor features = pooled->features(some_images());
  EXPECT_EQ(features.sizes(), at::IntArrayRef({4, 3}));
  EXPECT_EQ(features.scalar_type(), at::kFloat);
}

TEST_F(TorchScriptExtractorTest, RunsInEvaluationMode) {
  const auto extractor = open(save(R"(
def forward(self, x):
    return torch.dropout(x.float().mean(3).mean(2), 0.5, self.training)
)"));
  EXPECT_TRUE(
      at::equal(extractor->features(some_images()), some_images().to(at::kFloat).mean(3).mean(2)));
}

TEST_F(TorchScriptExtractorTest, KeepsNoAutogradGraph) {
  torch::jit::Module module("Net");
  module.register_parameter("weight", at::ones({3}).set_requires_grad(true), false);
  module.define(
      "def forward(self, x):\n    return x.float().mean(3).mean(2) * "
      "self.weight\n");
  module.save(path("net.pt"));
  EXPECT_FALSE(open(path("net.pt"))->features(some_images()).requires_grad());
}

TEST_F(TorchScriptExtractorTest, TakesModulesThatDivideByAnImagesDeviation) {
  EXPECT_NO_THROW(open(save(R"(
def forward(self, x):
    y = x.float().flatten(1)
    y = (y - y.mean(1, keepdim=True)) / y.std(1, keepdim=True)
    return y.narrow(1, 0, 8)
)")));
}

// The allocation really fails; the interpreter turns its exception into a plain runtime_error.
TEST_F(TorchScriptExtractorTest, OutOfMemoryIsNotAnErrorOfTheFile) {
  const auto extractor = open(save(R"(
def forward(self, x):
    if x.size(0) > 2:
        return torch.zeros([x.size(0), 1 << 50])
    return x.float().flatten(1)
)"));
  try {
    extractor->features(some_images());
    ADD_FAILURE() << "four rows of a petabyte";
  } catch (const Error& problem) {
    EXPECT_EQ(problem.kind(), ErrorKind::kOutOfMemory) << problem.what();
    EXPECT_THAT(problem.what(), AllOf(HasSubstr("net.pt: forward(uint8 [4, 3, 32, 32]): "),
                                      HasSubstr("can't allocate memory")));
  }
}

TEST_F(TorchScriptExtractorTest, SaysWhatIsWrongWithAFile) {
  EXPECT_THAT(refusal(path("absent.pt")), HasSubstr("no such file"));
  EXPECT_THAT(refusal(folder_.path().string()), HasSubstr("is a folder"));
  EXPECT_THAT(refusal(write("", "empty.pt")), HasSubstr("is empty"));
  EXPECT_THAT(refusal(write("hello", "text.pt")), HasSubstr("is not a TorchScript file"));
  EXPECT_THAT(refusal(write("x", "short.pt")), HasSubstr("is not a TorchScript file"));
  EXPECT_THAT(refusal(write("PK\x03\x04 damaged", "damaged.pt")),
              HasSubstr("is not a TorchScript file"));
}

TEST_F(TorchScriptExtractorTest, SaysThatATruncatedFileIsNotRead) {
  const std::string whole = save(kConvolution);
  std::ifstream stream(whole, std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(stream), {});
  bytes.resize(bytes.size() / 2);
  EXPECT_THAT(refusal(write(bytes, "half.pt")),
              HasSubstr("is not a TorchScript file that this LibTorch can read"));
}

TEST_F(TorchScriptExtractorTest, SaysThatWeightsAreNotAModule) {
  c10::Dict<std::string, at::Tensor> weights;
  weights.insert("weight", at::ones({3}));
  const std::vector<char> pickled = torch::jit::pickle_save(weights);  // as torch.save in Python
  EXPECT_THAT(refusal(write(std::string(pickled.begin(), pickled.end()), "weights.pth")),
              AllOf(HasSubstr("no TorchScript module"), HasSubstr("torch.jit.script")));
}

TEST_F(TorchScriptExtractorTest, SaysWhatForwardMustAcceptAndReturn) {
  EXPECT_THAT(refusal_of("    return x.float()"),
              AllOf(HasSubstr("returns Float [2, 3, 32, 32]"), HasSubstr("[2, D]")));
  EXPECT_THAT(refusal_of("    return x.flatten(1)"), HasSubstr("returns Byte [2, 3072]"));
  EXPECT_THAT(refusal_of("    return (x.float(), x.float())"), HasSubstr("returns a Tuple"));
  EXPECT_THAT(refusal_of("    return x.float().mean()"), HasSubstr("returns Float []"));
  EXPECT_THAT(refusal_of("    return x.float().flatten(1).narrow(0, 0, 1)"),
              HasSubstr("[1, 3072]"));
  EXPECT_THAT(refusal_of("    return x.float().flatten(1) / 0.0"), HasSubstr("not finite"));
  EXPECT_THAT(refusal(save("def forward(self, x, flag: bool = True):\n    return "
                           "x.float().flatten(1)")),
              AllOf(HasSubstr("takes 2 arguments"), HasSubstr("must take one")));
  EXPECT_THAT(refusal(save("def features(self, x):\n    return x")), HasSubstr("no forward"));
}

TEST_F(TorchScriptExtractorTest, RefusesFeaturesThatAreRandom) {
  // As a module traced in training mode keeps its dropout.
  EXPECT_THAT(refusal_of("    return torch.dropout(x.float().flatten(1), 0.5, True)"),
              AllOf(HasSubstr("sees the same images again"), HasSubstr("module.eval()")));
  EXPECT_THAT(refusal_of("    return x.float().flatten(1) + torch.rand([1])"),
              HasSubstr("sees the same images again"));
}

TEST_F(TorchScriptExtractorTest, RefusesFeaturesThatDependOnTheBatch) {
  for (const char* body :
       {"    return torch.batch_norm(x.float(), None, None, None, None, True, 0.1, 1e-5, "
        "False).flatten(1)",
        "    return (x.float() / x.max()).flatten(1)",
        "    return (x.float() - x.float().mean(0)).flatten(1)"}) {
    EXPECT_THAT(refusal_of(body),
                AllOf(HasSubstr("another one is in the batch"), HasSubstr("module.eval()")))
        << body;
  }
}

TEST_F(TorchScriptExtractorTest, RefusesFeaturesThatDoNotDependOnTheImage) {
  EXPECT_THAT(refusal_of("    return torch.ones([x.size(0), 4])"),
              HasSubstr("same features for two different images"));
}

TEST_F(TorchScriptExtractorTest, SaysInOneLineWhyForwardFailed) {
  EXPECT_THAT(
      refusal_of("    return torch.mm(x.float().flatten(1), self.weight.flatten(1))"),
      AllOf(HasSubstr("forward(uint8 [2, 3, 32, 32]) failed"), HasSubstr("cannot be multiplied")));
}

TEST_F(TorchScriptExtractorTest, RandomConvIsTheDefault) {
  EXPECT_EQ(make_feature_extractor({}, 64)->name(), "random_conv");
}

}  // namespace
}  // namespace scgan
