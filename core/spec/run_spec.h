// RunSpec: everything that decides the numbers of one run, and where it takes its inputs from.
//
// Plain values with their defaults; the defaults are the paper's (with the published CycleGAN code
// where the paper is silent). core/spec/spec_keys.h holds the key, range and meaning of each field.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace scgan {

enum class DataKind { kSynthetic, kFolders, kManifest };
enum class Scaling {
  kDtype,
  kPercentile
};  // full range of the file's type, or percentiles of the training set
enum class Pairing {
  kRandom,
  kSerial
};  // how B is chosen beside A: uniform with replacement, or in order
enum class SubsetMode {
  kSeeded,
  kFixed
};  // a percentage's subset follows the run's seed, or is one for all
enum class DiscriminatorKind { kPatch, kFastGan };
enum class Norm { kAuto, kBatch, kInstance, kNone };
enum class Switch { kAuto, kOn, kOff };
enum class PartPosition { kGrid, kUniform };
enum class IdentityMode { kRelative, kAbsolute };
enum class SslDistance { kMse, kL1, kL2Norm, kLpips, kMseLpips };
enum class BatchReduction { kMean, kSum };
enum class LrSchedule { kLinear, kStaircase, kStep, kLinearAll, kLinearRestart };
enum class UpdateOrder { kGeneratorsFirst, kDiscriminatorsFirst };
enum class Precision { kFp32, kFp64 };
enum class Reduction { kCanonical, kAllReduce };
enum class ExtractorKind { kRandomConv, kTorchScript, kInceptionV3 };
// How images reach Inception's 299 x 299 pixels (core/features/inception_input.h).
enum class InceptionInput { kLegacyPytorch, kLegacyTensorflow, kClean };
// Their names in sweep files, flags and results.
constexpr std::array<std::pair<InceptionInput, std::string_view>, 3> kInceptionInputs{
    {{InceptionInput::kLegacyPytorch, "legacy_pytorch"},
     {InceptionInput::kLegacyTensorflow, "legacy_tensorflow"},
     {InceptionInput::kClean, "clean"}}};
std::string_view to_string(InceptionInput variant);
enum class Direction { kAtoB, kBtoA };
enum class TestSplit { kTest, kTrain };
enum class CheckpointChoice { kLast, kBest };

// Generated cell images with a known change of phenotype (core/data/synthetic_cells.h).
struct SyntheticSpec {
  int64_t train_images = 48;  // per domain, at 100 %
  int64_t test_images = 32;   // per domain
  int64_t seed = 1;           // of the images; not the run's seed
  // The change of phenotype: ratio of B to A, at effect 1.
  double change_number = 1.0;       // cells per image
  double change_size = 0.63;        // radius
  double change_elongation = 0.52;  // ratio of the axes
  double change_intensity = 2.3;    // brightness
  double change_texture = 0.5;      // contrast of the fibres
  double effect = 1;                // each ratio is raised to this power: 0 = no change
  double noise = 1;                 // factor on the camera's noise
};

struct DatasetSpec {
  DataKind kind = DataKind::kSynthetic;
  std::string root;          // folder with trainA, trainB, testA, testB (kind folders); where a
                             // manifest's paths begin (kind manifest)
  std::string manifest;      // CSV file (kind manifest)
  int64_t image_size = 256;  // S: what the networks see, S x S pixels: 64, 128, 256, 512 or 1024
  int64_t load_size =
      0;  // training images are resized to this square, then cropped to S; 0 = round(S * 286 / 256)
  bool crop = true;                         // random crop; false: resize straight to S
  bool flip = true;                         // horizontal flip with probability 0.5
  TestSplit test_split = TestSplit::kTest;  // train: the training images serve as test images too
  int64_t tiles = 1;  // test images are resized to tiles*S and cut in tiles x tiles images of S
  Scaling scaling = Scaling::kDtype;
  double percentile_low = 0.1;    // percent
  double percentile_high = 99.9;  // percent
  bool shuffle = true;            // of A, every epoch
  Pairing pairing = Pairing::kRandom;
  SubsetMode subset = SubsetMode::kSeeded;
  double percentage = 100;    // of the training images of both domains; set by sweep.percentages
  int64_t subset_images = 0;  // this many training images per domain, whatever the percentage; 0 =
                              // by percentage
  SyntheticSpec synthetic;
  std::string digest;  // of the data set's content; filled in when the data is opened, no key
};

struct ModelSpec {
  int64_t generator_width = 64;  // filters of the first layer (ngf)
  int64_t generator_blocks = 0;  // residual blocks; 0 = 9 from 256 px on, 6 below
  DiscriminatorKind discriminator = DiscriminatorKind::kPatch;
  int64_t discriminator_width =
      64;  // filters of the first layer (ndf); FastGAN's at 64 is the published one
  std::vector<std::string>
      diffaug;  // policy of DiffAugment in this order: color, translation, cutout; empty = off
  Norm d_norm = Norm::kAuto;  // of the discriminator; auto: instance (patch), batch (fastgan)
  Switch d_spectral_norm = Switch::kAuto;  // auto: off (patch), on (fastgan)
  // Of the FastGAN discriminator only:
  bool d_small_branch = true;  // second trunk on the image shrunk to 128 px
  bool d_se = true;            // skip-layer excitation gates
  std::vector<std::string> decoders = {"big", "part", "small"};
  int64_t decoder_blocks = 0;  // up-blocks of a decoder, which rebuilds 8 * 2^blocks px; 0 = 4 from
                               // 128 px on, 3 at 64
  int64_t part_size = 8;       // side of what decoder_part sees of the 16 x 16 map: 2, 4, 8 or 16
  PartPosition part_position = PartPosition::kGrid;  // grid: a multiple of part_size
};

struct LossSpec {
  double lambda_a = 10;          // weight of the cycle loss A -> B -> A
  double lambda_b = 10;          // weight of the cycle loss B -> A -> B
  double lambda_identity = 0.5;  // see identity_mode
  IdentityMode identity_mode =
      IdentityMode::kRelative;  // relative: times lambda_a or lambda_b, as in the published code
  double lambda_ssl =
      1;  // weight of the self-supervised reconstruction (FastGAN discriminator only)
  SslDistance ssl_distance = SslDistance::kMse;
  BatchReduction ssl_reduction = BatchReduction::kMean;
  int64_t ssl_warmup_steps = 0;  // lambda_ssl grows linearly from 0 over so many steps
  std::string lpips_weights;  // safetensors with VGG16 and the linear layers (core/model/lpips.h)
  std::string lpips_digest;   // SHA-256 of that file; filled in when it is opened, no key
  double d_adv_scale =
      0.5;  // factor of the discriminator's adversarial loss: 0.5 CycleGAN, 1.0 SCGAN
};

struct TrainSpec {
  int64_t epochs = 100;                       // with constant learning rate
  int64_t decay_epochs = 100;                 // with the rate falling linearly towards 0
  LrSchedule schedule = LrSchedule::kLinear;  // core/train/lr_schedule.h
  int64_t schedule_period = 100;              // epochs (staircase, step, linear_restart)
  int64_t steps = 0;  // training steps in all, whatever the number of images; epochs are then equal
                      // shares of them. 0 = epochs of the data
  int64_t batch_size = 8;
  int64_t micro_batch = 2;  // generators run in micro-batches of this fixed size; ranks of a run
                            // divide batch_size / micro_batch
  double learning_rate = 2e-4;
  double beta1 = 0.5;
  double beta2 = 0.999;
  double adam_eps = 1e-8;
  int64_t pool_size = 50;  // past fakes kept per domain; 0 = off
  UpdateOrder order = UpdateOrder::kGeneratorsFirst;
  double ema_decay = 0;  // moving average of the generators' weights, which is then scored; 0 = off
  Precision precision = Precision::kFp32;  // fp64: on the CPU, for checks
  std::string initial_weights;             // safetensors with weights to start from
  std::string initial_weights_digest;      // SHA-256 of that file; filled in when opened, no key
  int64_t threads = 1;                     // CPU threads per rank: part of the bits of a result
};

struct ExtractorSpec {
  ExtractorKind kind = ExtractorKind::kRandomConv;
  std::string file;  // TorchScript module (torchscript), weights or the published TorchScript
                     // file (inception_v3)
  InceptionInput variant = InceptionInput::kLegacyPytorch;  // of inception_v3
  std::string digest;  // SHA-256 of the file; filled in when it is opened, no key
};

struct EvalSpec {
  ExtractorSpec extractor;
  std::vector<Direction> directions = {Direction::kAtoB};
  int64_t every_epochs = 0;  // scores during training; 0 = only at the end
  CheckpointChoice checkpoint = CheckpointChoice::kLast;  // best: lowest FID of those scores
  int64_t kid_subsets = 100;
  int64_t kid_subset_size = 1000;  // at most; min(n, m, this) is used
  int64_t batch_size = 8;  // images per forward of generator and extractor: part of the bits
};

// How and where a run is computed: nothing here changes its numbers, except `reduction`.
struct PlacementSpec {
  int64_t ranks_per_run =
      0;  // 0 = auto: one rank each while runs are waiting for all, more for the rest
  Reduction reduction = Reduction::kCanonical;
  int64_t check_steps = 100;  // the ranks of a run compare their states this often; 0 = never
  double checkpoint_minutes = 10;
  double sample_minutes = 10;  // a grid of test translations this often, and at the end
  int64_t sample_images = 4;   // rows of that grid; 0 = none
  bool recompute = false;      // redo forwards in the backward pass: less memory, same bits
};

struct RunSpec {
  std::string sweep;        // name of the sweep (no part of the run's identity)
  std::string variant;      // as named in the sweep (no part of the identity: what it sets is)
  std::string axes = "{}";  // this run's values of sweep.axes: JSON object, key path -> value (no
                            // part of the identity)
  int64_t seed = 0;         // 0 ... 2^31 - 1
  DatasetSpec data;
  ModelSpec model;
  LossSpec loss;
  TrainSpec train;
  EvalSpec evaluate;
  PlacementSpec run;
};

// Side of the square to which training images are resized: load_size or its default, or image_size
// without crop.
int64_t training_side(const DatasetSpec& data);

// Fills in what depends on other fields (load_size, generator_blocks, decoder_blocks, d_norm,
// d_spectral_norm). Idempotent.
void resolve_defaults(RunSpec& spec);

// Whether the discriminator rebuilds real images: a self-supervised loss is there.
bool has_ssl(const RunSpec& spec);

// Whether that loss takes LPIPS.
bool uses_lpips(const RunSpec& spec);

}  // namespace scgan
