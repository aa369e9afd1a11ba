#include "core/features/inception_extractor.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/script.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "core/base/error.h"
#include "core/base/sha256.h"
#include "core/features/extractor_factory.h"
#include "core/features/inception_input.h"
#include "core/features/inception_v3.h"
#include "tests/core/features/inception_samples.h"
#include "tests/support/error_of.h"
#include "tests/support/temp_dir.h"

namespace scgan {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kPublished =
    "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2";

class InceptionExtractorTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TempDir;
    write_safetensors(path("weights.safetensors"), sample_inception_weights(),
                      {{"source_sha256", kPublished}});
  }
  static void TearDownTestSuite() { delete folder_; }

  static std::string path(const std::string& name) { return (folder_->path() / name).string(); }
  static std::string write(const std::string& bytes, const std::string& name) {
    std::ofstream(path(name), std::ios::binary) << bytes;
    return path(name);
  }
  static std::unique_ptr<FeatureExtractor> open(
      const std::string& file, InceptionInput variant = InceptionInput::kLegacyPytorch) {
    return make_feature_extractor(
        {.kind = ExtractorKind::kInceptionV3, .file = file, .variant = variant, .digest = ""}, 64);
  }
  static std::string refusal(const std::string& file) {
    const std::string message = data_error_of([&] { open(file); });
    EXPECT_THAT(message, HasSubstr(file));
    return message;
  }

  static TempDir* folder_;
};

TempDir* InceptionExtractorTest::folder_ = nullptr;

TEST_F(InceptionExtractorTest, FeaturesFromSafetensorsEqualTheOracles) {
  testing::internal::CaptureStderr();
  const auto extractor = open(path("weights.safetensors"));
  EXPECT_THAT(testing::internal::GetCapturedStderr(), IsEmpty());
  const at::Tensor features = extractor->features(sample_images(2, 64, 48));
  EXPECT_TRUE(features.is_contiguous());
  EXPECT_TRUE(at::allclose(features, golden("inception_features.safetensors", "legacy_pytorch"),
                           1e-4, 1e-5));
  EXPECT_EQ(extractor->name(), "inception_v3");
  EXPECT_EQ(extractor->preprocessing(), "legacy_pytorch 299");
  EXPECT_EQ(extractor->digest(), sha256_of_file(path("weights.safetensors")));
}

TEST_F(InceptionExtractorTest, ImagesOfOtherSizesBetweenCallsDoNotChangeBits) {
  const auto extractor = open(path("weights.safetensors"), InceptionInput::kClean);
  const at::Tensor first = extractor->features(sample_images(1, 64, 48));
  EXPECT_EQ(extractor->features(sample_images(1, 32, 80)).sizes(), at::IntArrayRef({1, 2048}));
  EXPECT_TRUE(at::equal(extractor->features(sample_images(1, 64, 48)), first));
  EXPECT_EQ(extractor->preprocessing(), "clean 299");
}

TEST_F(InceptionExtractorTest, WarnsOfWeightsThatAreNotThePublishedOnes) {
  const std::string other = path("other.safetensors");
  std::filesystem::copy_file(path("weights.safetensors"), other);
  const auto warning_after = [&](const std::string& replacement) {
    std::fstream file(other, std::ios::binary | std::ios::in | std::ios::out);
    std::string head(1000, ' ');
    file.read(head.data(), static_cast<std::streamsize>(head.size()));
    file.seekp(static_cast<std::streamoff>(head.find(R"("source_sha256":")")));
    file << replacement;
    file.close();
    testing::internal::CaptureStderr();
    open(other);
    return testing::internal::GetCapturedStderr();
  };
  EXPECT_THAT(warning_after(R"("source_sha256":"777)"),
              AllOf(HasSubstr("warn: "), HasSubstr("7776825d"), HasSubstr("cannot be compared")));
  EXPECT_THAT(warning_after(R"("source_sha257":"672)"),
              AllOf(HasSubstr("warn: "), HasSubstr("no source_sha256")));
}

TEST_F(InceptionExtractorTest, SaysWhatIsWrongWithAFile) {
  EXPECT_THAT(refusal(path("absent")), HasSubstr("cannot be opened"));
  EXPECT_THAT(refusal(folder_->path().string()), HasSubstr("neither safetensors nor TorchScript"));
  EXPECT_THAT(refusal(write("", "empty")), HasSubstr("neither safetensors nor TorchScript"));
  EXPECT_THAT(refusal(write("\x80\x02\x8a\x0al\xfc\x9c pickled by an old torch.save", "old.pth")),
              HasSubstr("tools/convert_inception.py"));
  EXPECT_THAT(refusal(write(std::string("\x10\0\0\0\0\0\0\0{", 9), "short.safetensors")),
              HasSubstr("not a valid safetensors file"));
  write_safetensors(path("one.safetensors"), {{"weight", at::ones({3})}}, {});
  EXPECT_THAT(refusal(path("one.safetensors")), HasSubstr("weight is not part of Inception-v3"));
  c10::Dict<std::string, at::Tensor> weights;
  weights.insert("weight", at::ones({3}));
  const std::vector<char> pickled = torch::jit::pickle_save(weights);  // as torch.save in Python
  EXPECT_THAT(refusal(write(std::string(pickled.begin(), pickled.end()), "new.pth")),
              HasSubstr("tools/convert_inception.py"));
}

TEST_F(InceptionExtractorTest, RefusesTensorsThatAreNotImages) {
  const auto extractor = open(path("weights.safetensors"));
  for (const at::Tensor& bad : {at::zeros({1, 3, 8, 8}), at::zeros({1, 1, 8, 8}, at::kByte),
                                at::zeros({3, 8, 8}, at::kByte), at::zeros({0, 3, 8, 8}, at::kByte),
                                at::zeros({1, 3, 0, 8}, at::kByte)}) {
    EXPECT_THROW(extractor->features(bad), Error);
  }
}

// TorchScript of the interface of inception-2015-12-05.pt: `layers` sees what the variants make,
// forward sees the images. Both return what they see.
class ScriptedInceptionTest : public InceptionExtractorTest {
 protected:
  static std::string save(const std::string& layers, const std::string& forward) {
    torch::jit::Module inner("Layers");
    inner.define(layers);
    torch::jit::Module module("Inception");
    module.register_module("layers", inner);
    module.define(forward);
    module.save(path("inception.pt"));
    return path("inception.pt");
  }
};

constexpr const char* kLayers = R"(
def forward(self, x):
    return x.flatten(1).narrow(1, 50000, 2048).unsqueeze(2).unsqueeze(3)
)";
constexpr const char* kForward = R"(
def forward(self, img, return_features: bool = False, use_fp16: bool = False):
    x = img.float().flatten(1).narrow(1, 100, 2048)
    if return_features:
        return x
    return x.narrow(1, 0, 1008)
)";

TEST_F(ScriptedInceptionTest, SeesTheVariantsOrResizesByItself) {
  const std::string file = save(kLayers, kForward);
  const at::Tensor images = sample_images(2, 64, 48);
  for (const auto variant : {InceptionInput::kLegacyPytorch, InceptionInput::kClean}) {
    EXPECT_TRUE(at::equal(open(file, variant)->features(images),
                          inception_input(images, variant).flatten(1).narrow(1, 50000, 2048)));
  }
  const auto extractor = open(file, InceptionInput::kLegacyTensorflow);
  EXPECT_TRUE(at::equal(extractor->features(images),
                        images.flatten(1).narrow(1, 100, 2048).to(at::kFloat)));
  EXPECT_EQ(extractor->name(), "inception_v3 with other weights");
  EXPECT_EQ(extractor->preprocessing(), "legacy_tensorflow 299");
  EXPECT_EQ(extractor->digest(), sha256_of_file(file));
}

TEST_F(ScriptedInceptionTest, WarnsThatItIsNotThePublishedNetwork) {
  const std::string file = save(kLayers, kForward);
  testing::internal::CaptureStderr();
  open(file);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              AllOf(HasSubstr("warn: "), HasSubstr(sha256_of_file(file))));
}

TEST_F(ScriptedInceptionTest, SaysWhatTheModuleLacks) {
  EXPECT_THAT(refusal(save(kLayers, "def forward(self, x):\n    return x\n")),
              AllOf(HasSubstr("no argument return_features"), HasSubstr("kind: torchscript")));
  EXPECT_THAT(refusal(save("def other(self, x):\n    return x\n", kForward)),
              HasSubstr("no sub-module layers"));
  EXPECT_THAT(refusal(save("def forward(self, x):\n    return x.view([1, 2, 3])\n", kForward)),
              HasSubstr("failed"));
  const auto other = open(save("def forward(self, x):\n    return x.mean([2, 3])\n", kForward));
  EXPECT_THROW(other->features(sample_images(2, 64, 48)), Error);
}

}  // namespace
}  // namespace scgan
