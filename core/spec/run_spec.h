// RunSpec: everything that decides the numbers of one run, and the paths of its inputs.
//
// Plain values with their defaults: those of the paper or, where it states none, of the published
// CycleGAN code. core/spec/spec_keys.h holds the key, range and meaning of each field.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/spec/spec_enums.h"

namespace scgan {

// Generated cell images with a known change of phenotype (core/data/synthetic_cells.h).
struct SyntheticSpec {
  int64_t train_images = 48;  // per domain, at 100 %
  int64_t test_images = 32;   // per domain
  int64_t seed = 1;           // of the images, not of the run
  // The change of phenotype at effect 1, as ratios of B to A.
  double change_number = 1.0;       // cells per image
  double change_size = 0.63;        // radius
  double change_elongation = 0.52;  // ratio of the axes
  double change_intensity = 2.3;    // brightness
  double change_texture = 0.5;      // contrast of the fibres
  double effect = 1;                // exponent of each ratio; 0 = no change
  double noise = 1;                 // factor on the camera noise
};

// The sides of the images that the networks accept, in pixels.
inline constexpr std::array<int64_t, 5> kImageSizes{64, 128, 256, 512, 1024};

struct DatasetSpec {
  DataKind kind = DataKind::kSynthetic;
  // Kind folders: the folder with trainA, trainB, testA, testB. Kind manifest: the base of the
  // manifest's relative paths.
  std::string root;
  std::string manifest;  // CSV file (kind manifest)
  // S: the networks see S x S pixels; 64, 128, 256, 512 or 1024.
  int64_t image_size = 256;
  // Side of the square to which training images are resized before the crop to S;
  // 0 = round(S * 286 / 256).
  int64_t load_size = 0;
  bool crop = true;  // at random; false: resize to S
  bool flip = true;  // horizontally, with probability 0.5
  // kTrain: the training images also serve as test images.
  TestSplit test_split = TestSplit::kTest;
  // Test images are resized to tiles * S and cut into tiles x tiles images of S.
  int64_t tiles = 1;
  Scaling scaling = Scaling::kDtype;
  double percentile_low = 0.1;    // percent
  double percentile_high = 99.9;  // percent
  bool shuffle = true;            // A, every epoch
  Pairing pairing = Pairing::kRandom;
  SubsetMode subset = SubsetMode::kSeeded;
  // Of the training images of both domains; set by sweep.percentages.
  double percentage = 100;
  // Training images per domain in place of the percentage; 0 = by percentage.
  int64_t subset_images = 0;
  SyntheticSpec synthetic;
  // SHA-256 of the data set's content; filled in when the data set is inspected, not a key.
  std::string digest;
};

struct ModelSpec {
  // Filters of the generator's first layer (ngf).
  int64_t generator_width = 64;
  // Residual blocks; 0 = 9 from 256 px on, 6 below.
  int64_t generator_blocks = 0;
  DiscriminatorKind discriminator = DiscriminatorKind::kPatch;
  // Filters of the discriminator's first layer (ndf); 64 is the published value, also of FastGAN.
  int64_t discriminator_width = 64;
  // Policy of DiffAugment, applied in this order: color, translation, cutout; empty = off.
  std::vector<std::string> diffaug;
  // Of the discriminator. Auto: instance (patch), batch (fastgan).
  Norm d_norm = Norm::kAuto;
  // Auto: off (patch), on (fastgan).
  Switch d_spectral_norm = Switch::kAuto;

  // The rest applies to the FastGAN discriminator only.
  bool d_small_branch = true;  // second trunk, on the image shrunk to 128 px
  bool d_se = true;            // skip-layer excitation gates
  std::vector<std::string> decoders = {"big", "part", "small"};
  // Up-blocks of a decoder, which rebuilds 8 * 2^blocks px; 0 = 4 from 128 px on, 3 at 64.
  int64_t decoder_blocks = 0;
  // Side of the part of the 16 x 16 map that decoder_part sees: 2, 4, 8 or 16.
  int64_t part_size = 8;
  PartPosition part_position = PartPosition::kGrid;  // kGrid: at a multiple of part_size
};

struct LossSpec {
  double lambda_a = 10;  // weight of the cycle loss A -> B -> A
  double lambda_b = 10;  // weight of the cycle loss B -> A -> B
  double lambda_identity = 0.5;
  // kRelative: lambda_identity is multiplied by lambda_a or lambda_b, as in the published code.
  IdentityMode identity_mode = IdentityMode::kRelative;
  // Weight of the self-supervised reconstruction (FastGAN discriminator only).
  double lambda_ssl = 1;
  SslDistance ssl_distance = SslDistance::kMse;
  BatchReduction ssl_reduction = BatchReduction::kMean;
  // lambda_ssl grows linearly from 0 over this many steps.
  int64_t ssl_warmup_steps = 0;
  // Safetensors file with VGG16 and the linear layers (core/model/lpips.h).
  std::string lpips_weights;
  // SHA-256 of that file; filled in when it is opened, not a key.
  std::string lpips_digest;
  // Factor of the discriminator's adversarial loss: 0.5 CycleGAN, 1.0 SCGAN.
  double d_adv_scale = 0.5;
};

struct TrainSpec {
  int64_t epochs = 100;                       // with constant learning rate
  int64_t decay_epochs = 100;                 // with the rate falling linearly towards 0
  LrSchedule schedule = LrSchedule::kLinear;  // core/train/lr_schedule.h
  int64_t schedule_period = 100;              // epochs (staircase, step, linear_restart)
  // Training steps in all, for any number of images; epochs are then equal shares of them.
  // 0 = epochs of the data.
  int64_t steps = 0;
  int64_t batch_size = 8;
  // Generators run in micro-batches of this fixed size; the ranks of a run divide
  // batch_size / micro_batch.
  int64_t micro_batch = 2;
  double learning_rate = 2e-4;
  double beta1 = 0.5;
  double beta2 = 0.999;
  double adam_eps = 1e-8;
  int64_t pool_size = 50;  // past fakes kept per domain; 0 = off
  UpdateOrder order = UpdateOrder::kGeneratorsFirst;
  // Of a moving average of the generators' weights, which is then scored; 0 = off.
  double ema_decay = 0;
  // Of training; scores are computed in float32 (see core/model/arithmetic.h). kFp64: on the CPU,
  // for checks. kTf32: on GPUs.
  Precision precision = Precision::kFp32;
  // Safetensors file with weights to start from.
  std::string initial_weights;
  // SHA-256 of that file; filled in when it is opened, not a key.
  std::string initial_weights_digest;
  // CPU threads per rank. They change the bits of a result.
  int64_t threads = 1;
};

struct ExtractorSpec {
  ExtractorKind kind = ExtractorKind::kRandomConv;
  // TorchScript module (torchscript); weights or the published TorchScript file (inception_v3).
  std::string file;
  InceptionInput variant = InceptionInput::kLegacyPytorch;  // of inception_v3
  // SHA-256 of the file; filled in when it is opened, not a key.
  std::string digest;
};

struct EvalSpec {
  ExtractorSpec extractor;
  std::vector<Direction> directions = {Direction::kAtoB};
  // Between scores during training; 0 = only at the end.
  int64_t every_epochs = 0;
  // kBest: the lowest FID of those scores.
  CheckpointChoice checkpoint = CheckpointChoice::kLast;
  int64_t kid_subsets = 100;
  // At most; min(n, m, this) is used.
  int64_t kid_subset_size = 1000;
  // Images per forward pass of generator and extractor. It changes the bits of a result.
  int64_t batch_size = 8;
};

// How and where a run is computed: nothing here changes its numbers, except `reduction` and
// `reflection_padding`.
struct PlacementSpec {
  // 0 = auto: one rank each while enough runs wait; ranks then join the runs that would end last.
  int64_t ranks_per_run = 0;
  Reduction reduction = Reduction::kCanonical;
  // Of the generators on a GPU: kNative is one kernel of LibTorch, kCopies is put together from
  // copies. The order of the additions in their backward passes differs.
  ReflectionPadding reflection_padding = ReflectionPadding::kNative;
  // Steps between comparisons of the ranks' states; 0 = never.
  int64_t check_steps = 100;
  double checkpoint_minutes = 10;
  // Between grids of test translations; there is one at the end as well.
  double sample_minutes = 10;
  // Rows of that grid; 0 = none.
  int64_t sample_images = 4;
  // What stays on disk of a finished run.
  std::vector<RunFile> keep = {RunFile::kWeights, RunFile::kFeatures, RunFile::kSamples,
                               RunFile::kLog};
  // Recompute the forward passes in the backward pass: less memory, same bits.
  bool recompute = false;
  // Record the training step as a CUDA graph: less work for the host, more memory, same bits. Acts
  // on a GPU while one rank trains the run.
  bool cuda_graph = false;
};

struct RunSpec {
  // Names of the sweep and of the variant. Neither is part of the run's identity; what the variant
  // sets is.
  std::string sweep;
  std::string variant;
  // This run's values of sweep.axes as a JSON object, key path -> value. Not part of the identity.
  std::string axes = "{}";
  int64_t seed = 0;  // 0 ... 2^31 - 1
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

// Whether the discriminator rebuilds real images, that is, has a self-supervised loss.
bool has_ssl(const RunSpec& spec);

// Whether that loss uses LPIPS.
bool uses_lpips(const RunSpec& spec);

}  // namespace scgan
