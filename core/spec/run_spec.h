// RunSpec: everything that decides the numbers of one run, and where it takes its inputs from.
//
// Plain values with their defaults; the defaults are the paper's (with the published CycleGAN code
// where the paper is silent). core/spec/spec_keys.h holds the key, range and meaning of each field.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace scgan {

enum class DataKind { kSynthetic, kFolders };
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
enum class IdentityMode { kRelative, kAbsolute };
enum class Reduction { kCanonical, kAllReduce };
enum class ExtractorKind { kRandomConv, kTorchScript };
enum class Direction { kAtoB, kBtoA };

// Generated cell images with a known change of phenotype (core/data/synthetic_cells.h).
struct SyntheticSpec {
  int64_t train_images = 48;  // per domain, at 100 %
  int64_t test_images = 32;   // per domain
  int64_t seed = 1;           // of the images; not the run's seed
};

struct DatasetSpec {
  DataKind kind = DataKind::kSynthetic;
  std::string root;          // folder with trainA, trainB, testA, testB (kind folders)
  int64_t image_size = 256;  // S: what the networks see, S x S pixels: 64, 128, 256, 512 or 1024
  int64_t load_size =
      0;  // training images are resized to this square, then cropped to S; 0 = round(S * 286 / 256)
  bool crop = true;   // random crop; false: resize straight to S
  bool flip = true;   // horizontal flip with probability 0.5
  int64_t tiles = 1;  // test images are resized to tiles*S and cut in tiles x tiles images of S
  Scaling scaling = Scaling::kDtype;
  double percentile_low = 0.1;    // percent
  double percentile_high = 99.9;  // percent
  bool shuffle = true;            // of A, every epoch
  Pairing pairing = Pairing::kRandom;
  SubsetMode subset = SubsetMode::kSeeded;
  double percentage = 100;  // of the training images of both domains; set by sweep.percentages
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
};

struct LossSpec {
  double lambda_a = 10;          // weight of the cycle loss A -> B -> A
  double lambda_b = 10;          // weight of the cycle loss B -> A -> B
  double lambda_identity = 0.5;  // see identity_mode
  IdentityMode identity_mode =
      IdentityMode::kRelative;  // relative: times lambda_a or lambda_b, as in the published code
  double lambda_ssl =
      1;  // weight of the self-supervised reconstruction (FastGAN discriminator only)
  double d_adv_scale =
      0.5;  // factor of the discriminator's adversarial loss: 0.5 CycleGAN, 1.0 SCGAN
};

struct TrainSpec {
  int64_t epochs = 100;        // with constant learning rate
  int64_t decay_epochs = 100;  // with the rate falling linearly towards 0
  int64_t batch_size = 8;
  int64_t micro_batch = 2;  // generators run in micro-batches of this fixed size; ranks of a run
                            // divide batch_size / micro_batch
  double learning_rate = 2e-4;
  double beta1 = 0.5;
  double beta2 = 0.999;
  double adam_eps = 1e-8;
  int64_t pool_size = 50;  // past fakes kept per domain; 0 = off
  int64_t threads = 1;     // CPU threads per rank: part of the bits of a result
};

struct ExtractorSpec {
  ExtractorKind kind = ExtractorKind::kRandomConv;
  std::string file;    // TorchScript module (kind torchscript)
  std::string digest;  // SHA-256 of the file; filled in when it is opened, no key
};

struct EvalSpec {
  ExtractorSpec extractor;
  std::vector<Direction> directions = {Direction::kAtoB};
  int64_t kid_subsets = 100;
  int64_t kid_subset_size = 1000;  // at most; min(n, m, this) is used
  int64_t batch_size = 8;  // images per forward of generator and extractor: part of the bits
};

// How and where a run is computed: nothing here changes its numbers, except `reduction`.
struct PlacementSpec {
  int64_t ranks_per_run =
      0;  // 0 = auto: one rank each while runs are waiting for all, more for the rest
  Reduction reduction = Reduction::kCanonical;
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

// Fills in what depends on other fields (load_size, generator_blocks). Idempotent.
void resolve_defaults(RunSpec& spec);

}  // namespace scgan
