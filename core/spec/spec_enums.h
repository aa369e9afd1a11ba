// The choices that a RunSpec holds. core/spec/spec_keys.cc names them in sweep files.
#pragma once

#include <array>
#include <string_view>
#include <utility>

namespace scgan {

enum class DataKind { kSynthetic, kFolders, kManifest };
// What becomes black and white: the limits of the file's type, or percentiles of the training set.
enum class Scaling { kDtype, kPercentile };
// How the image of B for an image of A is chosen: uniformly with replacement, or in order.
enum class Pairing { kRandom, kSerial };
// Whether the subset of a percentage depends on the run's seed or is the same for all runs.
enum class SubsetMode { kSeeded, kFixed };
enum class DiscriminatorKind { kPatch, kFastGan };
enum class Norm { kAuto, kBatch, kInstance, kNone };
enum class Switch { kAuto, kOn, kOff };
enum class PartPosition { kGrid, kUniform };
enum class IdentityMode { kRelative, kAbsolute };
enum class SslDistance { kMse, kL1, kL2Norm, kLpips, kMseLpips };
enum class BatchReduction { kMean, kSum };
enum class LrSchedule { kLinear, kStaircase, kStep, kLinearAll, kLinearRestart };
enum class UpdateOrder { kGeneratorsFirst, kDiscriminatorsFirst };
enum class Precision { kFp32, kFp64, kTf32, kBf16 };
enum class Reduction { kCanonical, kAllReduce };
enum class ReflectionPadding { kNative, kCopies };
enum class ExtractorKind { kRandomConv, kTorchScript, kInceptionV3 };
// How images are resized to Inception's 299 x 299 pixels (core/features/inception_input.h).
enum class InceptionInput { kLegacyPytorch, kLegacyTensorflow, kClean };
// The names in sweep files, flags and results.
constexpr std::array<std::pair<InceptionInput, std::string_view>, 3> kInceptionInputs{
    {{InceptionInput::kLegacyPytorch, "legacy_pytorch"},
     {InceptionInput::kLegacyTensorflow, "legacy_tensorflow"},
     {InceptionInput::kClean, "clean"}}};
std::string_view to_string(InceptionInput variant);
enum class Direction { kAtoB, kBtoA };
enum class TestSplit { kTest, kTrain };
enum class CheckpointChoice { kLast, kBest };
// Files of a finished run.
enum class RunFile { kWeights, kFeatures, kSamples, kLog };

}  // namespace scgan
