#include "core/spec/spec_keys.h"

#include "core/spec/section_keys.h"

namespace scgan {
namespace {

constexpr double kMany = 1e9;

void add_change_keys(SectionKeys<SyntheticSpec>& synthetic) {
  const auto ratio = [&](const char* name, double SyntheticSpec::*field, const char* meaning) {
    synthetic.number(name, field, 0.1, 10, "", meaning);
  };
  ratio("change_number", &SyntheticSpec::change_number, "Cells per image of B relative to A.");
  ratio("change_size", &SyntheticSpec::change_size, "Radius of B's cells relative to A's.");
  ratio("change_elongation", &SyntheticSpec::change_elongation,
        "Ratio of the cells' axes of B relative to A.");
  ratio("change_intensity", &SyntheticSpec::change_intensity,
        "Brightness of B's cells relative to A's.");
  ratio("change_texture", &SyntheticSpec::change_texture,
        "Contrast of the fibres of B relative to A.");
  synthetic.number("effect", &SyntheticSpec::effect, 0, 2, "",
                   "Strength of the whole change: every ratio is raised to this power; 0 = A and B "
                   "do not differ.");
  synthetic.number("noise", &SyntheticSpec::noise, 0, 20, "",
                   "Factor on the camera noise; more noise is more difficult.");
}

void add_data_keys(std::vector<SpecKey>& keys) {
  SectionKeys<DatasetSpec> data(keys, "data", [](RunSpec& s) -> DatasetSpec& { return s.data; });
  data.choice<DataKind>(
          "kind", &DatasetSpec::kind,
          {{DataKind::kSynthetic, "synthetic"},
           {DataKind::kFolders, "folders"},
           {DataKind::kManifest, "manifest"}},
          "synthetic = generated cell images; folders = trainA, trainB, testA, testB with PNG, "
          "JPEG or TIFF files, 8 or 16 bit or float, grey or RGB; manifest = a CSV that names the "
          "files.")
      .in_reference = true;
  data.path("root", &DatasetSpec::root,
            "Folder that holds trainA, trainB, testA and testB, or where a manifest's paths begin "
            "(default: the manifest's folder).");
  data.path("manifest", &DatasetSpec::manifest,
            "CSV with columns split (train, test), domain (A, B) and file, or red, green and blue "
            "(one grey file per channel).");
  data.integer("image_size", &DatasetSpec::image_size, 64, 1024, "pixels",
               "Height and width of what the networks see: 64, 128, 256, 512 or 1024.")
      .in_reference = true;
  data.integer("load_size", &DatasetSpec::load_size, 0, 8192, "pixels",
               "Training images are resized to this square and cropped to image_size; 0 or auto = "
               "image_size * 286 / 256, rounded.")
      .zero_is_auto = true;
  data.flag("crop", &DatasetSpec::crop,
            "Random crop from load_size; false = resize straight to image_size.");
  data.flag("flip", &DatasetSpec::flip, "Random horizontal flip with probability 0.5.");
  data.choice<TestSplit>("test_split", &DatasetSpec::test_split,
                         {{TestSplit::kTest, "test"}, {TestSplit::kTrain, "train"}},
                         "Images for scoring: test, or all training images, prepared like test "
                         "images, if no images are held out (scores are then too good).")
      .in_reference = true;
  data.integer("tiles", &DatasetSpec::tiles, 1, 64, "per side",
               "Test images are resized to tiles * image_size and cut into tiles x tiles images.")
      .in_reference = true;
  data.choice<Scaling>("scaling", &DatasetSpec::scaling,
                       {{Scaling::kDtype, "dtype"}, {Scaling::kPercentile, "percentile"}},
                       "dtype = the full range of the file's type; percentile = low and high "
                       "percentile of the training images of both domains, per channel.")
      .in_reference = true;
  data.number("percentile_low", &DatasetSpec::percentile_low, 0, 100, "%",
              "Percentile that becomes black (scaling: percentile).")
      .in_reference = true;
  data.number("percentile_high", &DatasetSpec::percentile_high, 0, 100, "%",
              "Percentile that becomes white (scaling: percentile).")
      .in_reference = true;
  data.flag("shuffle", &DatasetSpec::shuffle, "New order of the images every epoch.");
  data.choice<Pairing>("pairing", &DatasetSpec::pairing,
                       {{Pairing::kRandom, "random"}, {Pairing::kSerial, "serial"}},
                       "random = B uniform with replacement, independent of A; serial = the same "
                       "index modulo the number of B images.");
  data.choice<SubsetMode>("subset", &DatasetSpec::subset,
                          {{SubsetMode::kSeeded, "seeded"}, {SubsetMode::kFixed, "fixed"}},
                          "Which images a percentage takes: seeded = prefix of a permutation by "
                          "the run's seed; fixed = one permutation for all runs.");
  data.number("percentage", &DatasetSpec::percentage, 0.01, 100, "%",
              "Share of the training images of both domains; written as sweep.percentages.");
  data.integer(
      "subset_images", &DatasetSpec::subset_images, 0, 1e6, "images",
      "Number of training images per domain, in place of the percentage; 0 = by percentage.");
}

void add_synthetic_keys(std::vector<SpecKey>& keys) {
  SectionKeys<SyntheticSpec> synthetic(
      keys, "data.synthetic", [](RunSpec& s) -> SyntheticSpec& { return s.data.synthetic; });
  synthetic.integer("train_images", &SyntheticSpec::train_images, 1, 1e6, "images",
                    "Training images per domain at 100 %.");
  synthetic.integer("test_images", &SyntheticSpec::test_images, 2, 1e6, "images",
                    "Test images per domain.");
  synthetic.integer("seed", &SyntheticSpec::seed, 0, 2147483647, "",
                    "Seed of the generated images; not the run's seed.");
  add_change_keys(synthetic);
  for (SpecKey& key : keys) {
    if (key.path.starts_with("data.synthetic.")) key.in_reference = true;
  }
}

void add_discriminator_keys(SectionKeys<ModelSpec>& model) {
  model.choice<Norm>("d_norm", &ModelSpec::d_norm,
                     {{Norm::kAuto, "auto"},
                      {Norm::kBatch, "batch"},
                      {Norm::kInstance, "instance"},
                      {Norm::kNone, "none"}},
                     "Normalisation in the discriminator; auto = as published: instance (patch), "
                     "batch (fastgan). Batch norm couples the images of a batch.");
  model.choice<Switch>("d_spectral_norm", &ModelSpec::d_spectral_norm,
                       {{Switch::kAuto, "auto"}, {Switch::kOn, "on"}, {Switch::kOff, "off"}},
                       "Spectral norm of the discriminator's convolutions; auto = as published: "
                       "off (patch), on (fastgan). Off lets the discriminator grow steeper.");
  model.flag("d_small_branch", &ModelSpec::d_small_branch,
             "Second trunk on the image shrunk to 128 px (fastgan); false leaves 25 logits per "
             "image and no decoder_small.");
  model.flag("d_se", &ModelSpec::d_se,
             "Skip-layer excitation gates (fastgan): in the published code, not in its paper.");
  model.words("decoders", &ModelSpec::decoders, {"big", "part", "small"},
              "Decoders of the self-supervised loss (fastgan); [] = no such loss.");
  model
      .integer("decoder_blocks", &ModelSpec::decoder_blocks, 0, 5, "blocks",
               "Up-blocks of a decoder (fastgan), which rebuilds 8 * 2^blocks pixels; 0 or auto = "
               "4 from 128 px on, 3 at 64.")
      .zero_is_auto = true;
  model.integer("part_size", &ModelSpec::part_size, 2, 16, "cells",
                "Side of the window of the 16 x 16 map that decoder_part sees (fastgan): 2, 4, 8 "
                "(a quadrant, published) or 16.");
  model.choice<PartPosition>(
      "part_position", &ModelSpec::part_position,
      {{PartPosition::kGrid, "grid"}, {PartPosition::kUniform, "uniform"}},
      "grid = the window lies at a multiple of its size, as published; uniform = anywhere.");
}

void add_model_keys(std::vector<SpecKey>& keys) {
  SectionKeys<ModelSpec> model(keys, "model", [](RunSpec& s) -> ModelSpec& { return s.model; });
  model.integer("generator_width", &ModelSpec::generator_width, 4, 512, "filters",
                "Filters of the ResNet generator's first layer; published: 64.");
  model
      .integer("generator_blocks", &ModelSpec::generator_blocks, 0, 32, "blocks",
               "Residual blocks; 0 or auto = 9 from 256 px on, 6 below.")
      .zero_is_auto = true;
  model
      .choice<DiscriminatorKind>(
          "discriminator", &ModelSpec::discriminator,
          {{DiscriminatorKind::kPatch, "patch"}, {DiscriminatorKind::kFastGan, "fastgan"}},
          "patch = 70x70 PatchGAN; fastgan = FastGAN's self-supervised discriminator.")
      .variant_only = true;
  model.integer("discriminator_width", &ModelSpec::discriminator_width, 4, 512, "filters",
                "Filters of the discriminator's first layer; published: 64.");
  model
      .words("diffaug", &ModelSpec::diffaug, {"color", "translation", "cutout"},
             "DiffAugment on everything a discriminator sees, in this order; [] = off.")
      .variant_only = true;
  add_discriminator_keys(model);
}

void add_loss_keys(std::vector<SpecKey>& keys) {
  SectionKeys<LossSpec> loss(keys, "loss", [](RunSpec& s) -> LossSpec& { return s.loss; });
  loss.number("lambda_a", &LossSpec::lambda_a, 0, 1e6, "", "Weight of the cycle loss A -> B -> A.");
  loss.number("lambda_b", &LossSpec::lambda_b, 0, 1e6, "", "Weight of the cycle loss B -> A -> B.");
  loss.number("lambda_identity", &LossSpec::lambda_identity, 0, 1e6, "",
              "Weight of the identity loss, see identity_mode; 0 = off.");
  loss.choice<IdentityMode>(
      "identity_mode", &LossSpec::identity_mode,
      {{IdentityMode::kRelative, "relative"}, {IdentityMode::kAbsolute, "absolute"}},
      "relative = lambda_identity times lambda_a or lambda_b, as in the published code; absolute = "
      "lambda_identity alone.");
  loss.number("lambda_ssl", &LossSpec::lambda_ssl, 0, 1e6, "",
              "Weight of the self-supervised reconstruction loss (discriminator fastgan).");
  loss.choice<SslDistance>(
      "ssl_distance", &LossSpec::ssl_distance,
      {{SslDistance::kMse, "mse"},
       {SslDistance::kL1, "l1"},
       {SslDistance::kL2Norm, "l2norm"},
       {SslDistance::kLpips, "lpips"},
       {SslDistance::kMseLpips, "mse_lpips"}},
      "Distance of the self-supervised loss: squares or absolute differences per element, the root "
      "of an image's squared sum, LPIPS, or mse and LPIPS together.");
  loss.choice<BatchReduction>(
      "ssl_reduction", &LossSpec::ssl_reduction,
      {{BatchReduction::kMean, "mean"}, {BatchReduction::kSum, "sum"}},
      "Over the images of a batch; sum, as in the published code, grows with train.batch_size.");
  loss.integer("ssl_warmup_steps", &LossSpec::ssl_warmup_steps, 0, kMany, "steps",
               "lambda_ssl grows linearly from 0 over this many steps; 0 = no warm-up.");
  loss.path("lpips_weights", &LossSpec::lpips_weights,
            "Weights of LPIPS (safetensors), for ssl_distance lpips and mse_lpips.");
  loss.number("d_adv_scale", &LossSpec::d_adv_scale, 1e-6, 1e6, "",
              "Factor of the discriminator's adversarial loss: 0.5 for CycleGAN, 1.0 for SCGAN.")
      .variant_only = true;
}

void add_train_keys(std::vector<SpecKey>& keys) {
  SectionKeys<TrainSpec> train(keys, "train", [](RunSpec& s) -> TrainSpec& { return s.train; });
  train.integer("epochs", &TrainSpec::epochs, 0, kMany, "epochs",
                "Epochs with constant learning rate.");
  train.integer("decay_epochs", &TrainSpec::decay_epochs, 0, kMany, "epochs",
                "Further epochs, with the rate falling linearly towards 0.");
  train.choice<LrSchedule>(
      "schedule", &TrainSpec::schedule,
      {{LrSchedule::kLinear, "linear"},
       {LrSchedule::kStaircase, "staircase"},
       {LrSchedule::kStep, "step"},
       {LrSchedule::kLinearAll, "linear_all"},
       {LrSchedule::kLinearRestart, "linear_restart"}},
      "Learning rate over the epochs: linear = constant for epochs, then linearly towards 0; "
      "staircase = the same fall in one step per period; step = multiplied by 0.1 every period; "
      "linear_all = linear fall from the first epoch; linear_restart = linear fall restarted in "
      "every period.");
  train.integer("schedule_period", &TrainSpec::schedule_period, 1, kMany, "epochs",
                "Period of staircase, step and linear_restart.");
  train
      .integer("steps", &TrainSpec::steps, 0, kMany, "steps",
               "Length of the training in steps, the same for every amount of data; epochs and "
               "decay_epochs then only divide it for the schedule. 0 or auto = by epochs, so that "
               "less data trains for fewer steps.")
      .zero_is_auto = true;
  train.integer("batch_size", &TrainSpec::batch_size, 1, 4096, "images",
                "Images per domain and step, over all ranks.");
  train.integer("micro_batch", &TrainSpec::micro_batch, 1, 4096, "images",
                "Fixed size of one generator call; batch_size / micro_batch must be a power of "
                "two, and the ranks of a run divide it.");
  train.number("learning_rate", &TrainSpec::learning_rate, 1e-12, 10, "", "Adam's learning rate.");
  train.number("beta1", &TrainSpec::beta1, 0, 0.999999, "", "Adam's beta1.");
  train.number("beta2", &TrainSpec::beta2, 0, 0.999999, "", "Adam's beta2.");
  train.number("adam_eps", &TrainSpec::adam_eps, 1e-16, 1, "", "Adam's epsilon.");
  train.integer("pool_size", &TrainSpec::pool_size, 0, 100000, "images",
                "Past fakes kept per domain for the discriminators; 0 = off.");
  train.choice<UpdateOrder>(
      "order", &TrainSpec::order,
      {{UpdateOrder::kGeneratorsFirst, "g_first"}, {UpdateOrder::kDiscriminatorsFirst, "d_first"}},
      "g_first = as in CycleGAN; d_first = as in FastGAN: the generators see discriminators that "
      "have already been updated.");
  train.number("ema_decay", &TrainSpec::ema_decay, 0, 0.999999, "",
               "Decay per step of a moving average of the generators' weights, which is then "
               "scored and kept; 0 = off, FastGAN: 0.999.");
  train.choice<Precision>("precision", &TrainSpec::precision,
                          {{Precision::kFp32, "fp32"},
                           {Precision::kTf32, "tf32"},
                           {Precision::kBf16, "bf16"},
                           {Precision::kFp64, "fp64"}},
                          "tf32 = TF32 products on a GPU; bf16 = convolutions in bfloat16, "
                          "weights, norms and losses in fp32; fp64 = double precision on the CPU, "
                          "for checks. Scores are always computed in fp32.");
  train.path("initial_weights", &TrainSpec::initial_weights,
             "Weights to start from (safetensors): any of netG_A., netG_B., netD_A., netD_B. + the "
             "published names; missing weights are drawn from the seed.");
  train.integer("threads", &TrainSpec::threads, 1, 1024, "threads",
                "CPU threads per rank; part of the run's identity, since it changes bits.");
}

void add_evaluate_keys(std::vector<SpecKey>& keys) {
  SectionKeys<ExtractorSpec> extractor(
      keys, "evaluate.extractor",
      [](RunSpec& s) -> ExtractorSpec& { return s.evaluate.extractor; });
  extractor
      .choice<ExtractorKind>(
          "kind", &ExtractorSpec::kind,
          {{ExtractorKind::kRandomConv, "random_conv"},
           {ExtractorKind::kTorchScript, "torchscript"},
           {ExtractorKind::kInceptionV3, "inception_v3"}},
          "random_conv = fixed random filters, no file needed; torchscript = any TorchScript "
          "module from images to features; inception_v3 = the network of FID and KID as published.")
      .in_reference = true;
  extractor.path("file", &ExtractorSpec::file,
                 "torchscript: forward(uint8 [N,3,H,W], RGB) returns float [N,D]; inception_v3: "
                 "weights (safetensors), or the published TorchScript file.");
  extractor
      .choice<InceptionInput>(
          "variant", &ExtractorSpec::variant, {kInceptionInputs.begin(), kInceptionInputs.end()},
          "How images are resized to the 299 pixels of inception_v3: like pytorch-fid, like TTUR "
          "and torch-fidelity, or like clean-fid; scores of different variants are not comparable.")
      .in_reference = true;
  SectionKeys<EvalSpec> eval(keys, "evaluate", [](RunSpec& s) -> EvalSpec& { return s.evaluate; });
  eval.choices<Direction>("directions", &EvalSpec::directions,
                          {{Direction::kAtoB, "AtoB"}, {Direction::kBtoA, "BtoA"}},
                          "Translations that are scored.");
  eval.integer("every_epochs", &EvalSpec::every_epochs, 0, kMany, "epochs",
               "Epochs between scores during training; 0 = only at the end.");
  eval.choice<CheckpointChoice>(
      "checkpoint", &EvalSpec::checkpoint,
      {{CheckpointChoice::kLast, "last"}, {CheckpointChoice::kBest, "best"}},
      "last = the final weights; best = those with the lowest FID of the run (needs every_epochs); "
      "chosen on the test images, so the score is optimistic.");
  eval.integer("kid_subsets", &EvalSpec::kid_subsets, 1, 100000, "subsets",
               "Random subsets of the KID's subset mean.");
  eval.integer("kid_subset_size", &EvalSpec::kid_subset_size, 2, 1000000, "images",
               "Largest size of a KID subset; min(real, fake, this) is used.");
  eval.integer("batch_size", &EvalSpec::batch_size, 1, 4096, "images",
               "Images per forward when scoring; part of the run's identity.");
}

void add_run_keys(std::vector<SpecKey>& keys) {
  SectionKeys<PlacementSpec> run(keys, "run", [](RunSpec& s) -> PlacementSpec& { return s.run; });
  SpecKey& ranks = run.integer("ranks_per_run", &PlacementSpec::ranks_per_run, 0, 4096, "ranks",
                               "Ranks that train one run together; 0 or auto = one each while "
                               "enough runs wait; ranks then join the runs that would end last.");
  ranks.in_run_id = false;
  ranks.zero_is_auto = true;
  run.choice<Reduction>(
      "reduction", &PlacementSpec::reduction,
      {{Reduction::kCanonical, "canonical"}, {Reduction::kAllReduce, "allreduce"}},
      "canonical = the same bits for any number of ranks; allreduce = the library's own sum, whose "
      "bits depend on the number of ranks.");
  run.choice<ReflectionPadding>(
      "reflection_padding", &PlacementSpec::reflection_padding,
      {{ReflectionPadding::kNative, "native"}, {ReflectionPadding::kCopies, "copies"}},
      "The generators' reflection padding on a GPU: native = LibTorch's kernel; copies = put "
      "together from copies, by more kernels, with other bits.");
  run.integer("check_steps", &PlacementSpec::check_steps, 0, kMany, "steps",
              "How often the ranks of a run compare their weights and optimizer states, bit for "
              "bit; 0 = never.")
      .in_run_id = false;
  run.number("checkpoint_minutes", &PlacementSpec::checkpoint_minutes, 0, 1e6, "minutes",
             "Time between checkpoints; 0 = after every step.")
      .in_run_id = false;
  run.number("sample_minutes", &PlacementSpec::sample_minutes, 0, 1e6, "minutes",
             "Time between sample grids.")
      .in_run_id = false;
  run.integer("sample_images", &PlacementSpec::sample_images, 0, 64, "images",
              "Rows of a sample grid; 0 = no samples.")
      .in_run_id = false;
  run.choices<RunFile>("keep", &PlacementSpec::keep,
                       {{RunFile::kWeights, "weights"},
                        {RunFile::kFeatures, "features"},
                        {RunFile::kSamples, "samples"},
                        {RunFile::kLog, "log"}},
                       "What stays on disk of a finished run; its scores and the digests of all "
                       "files stay in results.db.")
      .in_run_id = false;
  run.flag("recompute", &PlacementSpec::recompute,
           "Redo the generators' forwards in the backward pass: less memory, same bits.")
      .in_run_id = false;
  run.flag("cuda_graph", &PlacementSpec::cuda_graph,
           "Record the training step as a CUDA graph: less work for the host, more memory, same "
           "bits. Acts on a GPU while one rank trains the run.")
      .in_run_id = false;
}

std::vector<SpecKey> make_keys() {
  std::vector<SpecKey> keys;
  keys.reserve(128);  // references returned while building stay valid
  add_data_keys(keys);
  add_synthetic_keys(keys);
  add_model_keys(keys);
  add_loss_keys(keys);
  add_train_keys(keys);
  add_evaluate_keys(keys);
  add_run_keys(keys);
  return keys;
}

}  // namespace

const std::vector<SpecKey>& spec_keys() {
  static const std::vector<SpecKey> keys = make_keys();
  return keys;
}

}  // namespace scgan
