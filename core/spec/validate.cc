#include "core/spec/validate.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

namespace scgan {
namespace {

using Issues = std::vector<SpecIssue>;

constexpr int64_t kLargestSeed = 2147483647;

// batch_size / micro_batch, or 0 if that is not a whole number.
int64_t micro_batches(const TrainSpec& train) {
  if (train.micro_batch < 1 || train.batch_size % train.micro_batch != 0) return 0;
  return train.batch_size / train.micro_batch;
}

bool is_power_of_two(int64_t number) { return number > 0 && (number & (number - 1)) == 0; }

template <typename Value>
bool has_duplicates(const std::vector<Value>& values) {
  return std::set<Value>(values.begin(), values.end()).size() != values.size();
}

// Where the images come from.
void check_source(const DatasetSpec& data, Issues& issues) {
  if (data.kind == DataKind::kFolders && data.root.empty()) {
    issues.push_back({"data.root",
                      "is needed for data.kind: folders: the folder that holds "
                      "trainA, trainB, testA and testB; set it in the file or with "
                      "--set data.root=FOLDER"});
  }
  if (data.kind == DataKind::kSynthetic && data.scaling == Scaling::kPercentile) {
    issues.push_back(
        {"data.scaling",
         "percentile is for images of a camera; generated cells have their full range"});
  }
  if (data.kind == DataKind::kSynthetic && !data.root.empty()) {
    issues.push_back({"data.root",
                      "is set, but data.kind is synthetic, which reads no folder; set "
                      "data.kind: folders or leave data.root out"});
  }
  if (data.kind == DataKind::kManifest && data.manifest.empty()) {
    issues.push_back({"data.manifest",
                      "is needed for data.kind: manifest: a CSV that names the image files; set it "
                      "in the file or with --set data.manifest=FILE"});
  }
  if (data.kind != DataKind::kManifest && !data.manifest.empty()) {
    issues.push_back(
        {"data.manifest",
         "is set, but data.kind is not manifest; set data.kind: manifest or leave it out"});
  }
}

void check_data(const DatasetSpec& data, Issues& issues) {
  if (std::find(kImageSizes.begin(), kImageSizes.end(), data.image_size) == kImageSizes.end()) {
    issues.push_back(
        {"data.image_size", fmt::format("{} is not possible; use one of {}", data.image_size,
                                        fmt::join(kImageSizes, ", "))});
  }
  if (data.crop && data.load_size < data.image_size) {
    issues.push_back(
        {"data.load_size",
         fmt::format("{} is smaller than data.image_size {}, so nothing can be cropped from it; "
                     "make it at least as large, or set data.crop: false",
                     data.load_size, data.image_size)});
  }
  if (!(data.percentile_low < data.percentile_high)) {
    issues.push_back(
        {"data.percentile_low", fmt::format("{} must be smaller than data.percentile_high {}",
                                            data.percentile_low, data.percentile_high)});
  }
  check_source(data, issues);
}

void check_patch_discriminator(const ModelSpec& model, Issues& issues) {
  if (model.discriminator != DiscriminatorKind::kPatch) return;
  if (model.d_spectral_norm == Switch::kOn) {
    issues.push_back({"model.d_spectral_norm",
                      "is on, but the patch discriminator has no spectral norm; use "
                      "model.discriminator: fastgan, or auto"});
  }
}

void check_decoders(const ModelSpec& model, Issues& issues) {
  const auto has = [&](const char* name) {
    return std::find(model.decoders.begin(), model.decoders.end(), name) != model.decoders.end();
  };
  if (has_duplicates(model.decoders)) {
    issues.push_back({"model.decoders", "names a decoder twice"});
  }
  if (model.discriminator == DiscriminatorKind::kFastGan && !model.d_small_branch && has("small")) {
    issues.push_back({"model.decoders",
                      "names small, which needs model.d_small_branch; use [big, part], or set "
                      "model.d_small_branch: true"});
  }
  if (!is_power_of_two(model.part_size)) {
    issues.push_back(
        {"model.part_size", fmt::format("{} is not possible; use 2, 4, 8 or 16", model.part_size)});
  }
}

void check_lpips(const RunSpec& spec, Issues& issues) {
  if (uses_lpips(spec) && spec.loss.lpips_weights.empty()) {
    issues.push_back({"loss.lpips_weights",
                      "is needed for loss.ssl_distance lpips and mse_lpips: a safetensors file "
                      "with the weights of VGG16 and LPIPS' linear layers"});
  }
}

void check_train(const TrainSpec& train, Issues& issues) {
  if (train.epochs + train.decay_epochs < 1) {
    issues.push_back({"train.epochs", "together with train.decay_epochs must be at least 1"});
  }
  if (!is_power_of_two(micro_batches(train))) {
    issues.push_back(
        {"train.micro_batch",
         fmt::format("train.batch_size {} / train.micro_batch {} must be a power of two (1, 2, 4, "
                     "...), since gradients are summed in a binary tree",
                     train.batch_size, train.micro_batch)});
  }
}

// An epoch is the larger domain's images cut into full batches: without a full batch there is no
// step. Folders are counted when they are opened; the size of generated data is known here.
void check_epoch_length(const RunSpec& spec, Issues& issues) {
  if (spec.data.kind != DataKind::kSynthetic) return;
  if (spec.data.subset_images > spec.data.synthetic.train_images) {
    issues.push_back({"data.subset_images",
                      fmt::format("{} are more than data.synthetic.train_images {}",
                                  spec.data.subset_images, spec.data.synthetic.train_images)});
  }
  const auto images = static_cast<double>(spec.data.synthetic.train_images);
  const double subset = spec.data.subset_images > 0
                            ? static_cast<double>(spec.data.subset_images)
                            : std::max(1.0, std::floor(images * spec.data.percentage / 100 + 0.5));
  if (subset < static_cast<double>(spec.train.batch_size)) {
    issues.push_back(
        {"train.batch_size",
         fmt::format("{} images do not fit in an epoch: {} % of data.synthetic.train_images {} "
                     "(or data.subset_images) are {}; use a smaller batch, more images or a "
                     "larger percentage",
                     spec.train.batch_size, spec.data.percentage, spec.data.synthetic.train_images,
                     subset)});
  }
}

void check_evaluate(const EvalSpec& evaluate, Issues& issues) {
  const ExtractorSpec& extractor = evaluate.extractor;
  if (extractor.kind != ExtractorKind::kRandomConv && extractor.file.empty()) {
    issues.push_back(
        {"evaluate.extractor.file",
         fmt::format(
             "is needed for evaluate.extractor.kind: {}; set it in the file or with --set "
             "evaluate.extractor.file=FILE",
             extractor.kind == ExtractorKind::kTorchScript ? "torchscript" : "inception_v3")});
  }
  if (extractor.kind == ExtractorKind::kRandomConv && !extractor.file.empty()) {
    issues.push_back({"evaluate.extractor.file",
                      "is set, but evaluate.extractor.kind is random_conv, which reads no file; "
                      "set evaluate.extractor.kind: torchscript or leave the file out"});
  }
  if (evaluate.checkpoint == CheckpointChoice::kBest && evaluate.every_epochs == 0) {
    issues.push_back({"evaluate.checkpoint",
                      "is best, but only the final weights are scored; set evaluate.every_epochs"});
  }
  if (evaluate.directions.empty()) {
    issues.push_back({"evaluate.directions", "is empty; name at least one of AtoB, BtoA"});
  }
  if (has_duplicates(evaluate.directions)) {
    issues.push_back({"evaluate.directions", "names a direction twice"});
  }
}

void check_ranks(const RunSpec& spec, Issues& issues) {
  const std::vector<int> possible = possible_ranks_per_run(spec);
  const int64_t ranks = spec.run.ranks_per_run;
  if (ranks == 0 || possible.empty()) return;  // empty: train.micro_batch is the issue
  if (std::find(possible.begin(), possible.end(), ranks) == possible.end()) {
    issues.push_back(
        {"run.ranks_per_run",
         fmt::format("{} ranks cannot share train.batch_size {} in parts of train.micro_batch {}; "
                     "possible: {}, or auto",
                     ranks, spec.train.batch_size, spec.train.micro_batch,
                     fmt::join(possible, ", "))});
  }
}

}  // namespace

std::vector<SpecIssue> validate(const RunSpec& spec) {
  Issues issues;
  if (spec.seed < 0 || spec.seed > kLargestSeed) {
    issues.push_back(
        {"sweep.seeds", fmt::format("{} is not in the range 0 to {}", spec.seed, kLargestSeed)});
  }
  check_data(spec.data, issues);
  if (has_duplicates(spec.model.diffaug)) {
    issues.push_back({"model.diffaug", "names an augmentation twice"});
  }
  check_patch_discriminator(spec.model, issues);
  check_decoders(spec.model, issues);
  check_lpips(spec, issues);
  check_train(spec.train, issues);
  check_epoch_length(spec, issues);
  check_evaluate(spec.evaluate, issues);
  check_ranks(spec, issues);
  return issues;
}

std::vector<int> possible_ranks_per_run(const RunSpec& spec) {
  std::vector<int> ranks;
  const int64_t parts = micro_batches(spec.train);
  if (parts == 0) return ranks;
  for (int64_t size = 1; parts % size == 0; size *= 2) ranks.push_back(static_cast<int>(size));
  return ranks;
}

}  // namespace scgan
