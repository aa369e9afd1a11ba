// Every key of the table, with every choice, both values of a flag and another number than the
// default: each is trained, scored, reported, translated with and compared, as users would.
#include <ATen/core/Tensor.h>
#include <ATen/ops/full.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/script.h>

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/image/image_file.h"
#include "core/model/safetensors.h"
#include "core/spec/spec_keys.h"
#include "tests/core/features/inception_samples.h"
#include "tests/end_to_end/sweep_fixture.h"
#include "tests/support/test_images.h"

namespace scgan::end_to_end {
namespace {

// What a variant sets: key path -> value as YAML.
using Settings = std::map<std::string, std::string>;

// What all runs share. Two ranks can share a run: batch_size / micro_batch is 2.
const Settings kBase = {{"data.image_size", "64"},
                        {"data.synthetic.train_images", "4"},
                        {"data.synthetic.test_images", "4"},
                        {"model.generator_width", "4"},
                        {"model.generator_blocks", "1"},
                        {"model.discriminator", "fastgan"},
                        {"model.discriminator_width", "4"},
                        {"loss.d_adv_scale", "1"},
                        {"train.epochs", "1"},
                        {"train.decay_epochs", "1"},
                        {"train.steps", "2"},
                        {"train.batch_size", "2"},
                        {"train.micro_batch", "1"},
                        {"evaluate.kid_subsets", "2"},
                        {"run.sample_images", "1"}};

// Values of numbers other than those above and the defaults.
const std::map<std::string, std::vector<std::string>> kNumbers = {
    {"data.image_size", {"128"}},
    {"data.load_size", {"80"}},
    {"data.tiles", {"2"}},
    {"data.percentile_low", {"1"}},
    {"data.percentile_high", {"99"}},
    {"data.subset_images", {"3"}},
    {"data.synthetic.train_images", {"6"}},
    {"data.synthetic.test_images", {"6"}},
    {"data.synthetic.seed", {"2"}},
    {"data.synthetic.change_number", {"0.8"}},
    {"data.synthetic.change_size", {"0.8"}},
    {"data.synthetic.change_elongation", {"0.8"}},
    {"data.synthetic.change_intensity", {"0.8"}},
    {"data.synthetic.change_texture", {"0.8"}},
    {"data.synthetic.effect", {"0", "0.5"}},
    {"data.synthetic.noise", {"2"}},
    {"model.generator_width", {"8"}},
    {"model.generator_blocks", {"2", "auto"}},
    {"model.discriminator_width", {"8"}},
    {"model.decoder_blocks", {"2"}},
    {"model.part_size", {"2", "4", "16"}},
    {"loss.lambda_a", {"5"}},
    {"loss.lambda_b", {"5"}},
    {"loss.lambda_identity", {"0"}},
    {"loss.lambda_ssl", {"0", "0.5"}},
    {"loss.ssl_warmup_steps", {"2"}},
    {"loss.d_adv_scale", {"0.5"}},
    {"train.epochs", {"2"}},
    {"train.decay_epochs", {"2"}},
    {"train.schedule_period", {"1"}},
    {"train.steps", {"auto"}},
    {"train.batch_size", {"4"}},
    {"train.micro_batch", {"2"}},
    {"train.learning_rate", {"1e-3"}},
    {"train.beta1", {"0.4"}},
    {"train.beta2", {"0.99"}},
    {"train.adam_eps", {"1e-7"}},
    {"train.pool_size", {"0"}},
    {"train.ema_decay", {"0.9"}},
    {"train.threads", {"2"}},
    {"evaluate.every_epochs", {"1"}},
    {"evaluate.kid_subsets", {"3"}},
    {"evaluate.kid_subset_size", {"2"}},
    {"evaluate.batch_size", {"3"}},
    {"run.ranks_per_run", {"2"}},
    {"run.check_steps", {"1"}},
    {"run.checkpoint_minutes", {"0"}},
    {"run.sample_minutes", {"0"}},
    {"run.sample_images", {"0", "2"}}};

const Settings kFolders = {{"data.kind", "folders"}, {"data.root", "cells"}};
const Settings kInception = {{"evaluate.extractor.kind", "inception_v3"},
                             {"evaluate.extractor.file", "inception.safetensors"}};
const Settings kLpips = {{"loss.ssl_distance", "lpips"},
                         {"loss.lpips_weights", "lpips.safetensors"}};
const Settings kPercentile = {
    {"data.kind", "folders"}, {"data.root", "cells"}, {"data.scaling", "percentile"}};
// Makes the run a separate one if the value equals what `auto` means.
const Settings kOtherRun = {{"train.adam_eps", "2e-8"}};

// What a key, or a key with one value, can only be run with.
const std::map<std::string, Settings> kNeeds = {
    {"data.kind: folders", kFolders},
    {"data.kind: manifest", {{"data.manifest", "cells.csv"}}},
    {"data.scaling: percentile", kFolders},
    {"data.percentile_low", kPercentile},
    {"data.percentile_high", kPercentile},
    {"data.subset", {{"data.subset_images", "3"}}},
    {"model.d_norm: batch", kOtherRun},
    {"model.d_spectral_norm: on", {{"train.adam_eps", "3e-8"}}},
    {"model.d_small_branch: false", {{"model.decoders", "[big, part]"}}},
    {"loss.ssl_distance: lpips", kLpips},
    {"loss.ssl_distance: mse_lpips", kLpips},
    {"train.schedule_period", {{"train.schedule", "step"}}},
    {"evaluate.extractor.kind: torchscript", {{"evaluate.extractor.file", "means.pt"}}},
    {"evaluate.extractor.kind: inception_v3", kInception},
    {"evaluate.extractor.variant", kInception},
    {"evaluate.checkpoint: best", {{"evaluate.every_epochs", "1"}}},
    {"run.reduction: allreduce", {{"run.ranks_per_run", "2"}}}};

const Settings kDouble = {{"train.precision", "fp64"}};
const Settings kPatch = {{"model.discriminator", "patch"}};

Settings operator+(Settings first, const Settings& second) {
  first.insert(second.begin(), second.end());
  return first;
}

// Combinations of keys that take other paths through the code than each key alone.
std::vector<Settings> combinations() {
  std::vector<Settings> all = {
      {{"model.decoders", "[]"}},
      {{"train.initial_weights", "first.safetensors"}},
      {{"train.initial_weights", "second.safetensors"}},
      {{"data.kind", "manifest"}, {"data.manifest", "colours.csv"}, {"data.root", "cells"}},
      kDouble + kLpips,
      kDouble + Settings{{"train.initial_weights", "first.safetensors"}},
      kDouble + Settings{{"train.ema_decay", "0.9"}},
      kDouble + Settings{{"evaluate.every_epochs", "1"}, {"evaluate.checkpoint", "best"}},
      kDouble + Settings{{"run.ranks_per_run", "2"}, {"run.recompute", "true"}} + kOtherRun,
      kDouble + Settings{{"run.reduction", "allreduce"}, {"run.ranks_per_run", "2"}}};
  for (const char* norm : {"auto", "batch", "none"}) {
    all.push_back(kPatch + Settings{{"model.d_norm", norm}, {"model.diffaug", "[color]"}});
  }
  for (const char* augmentation : {"[]", "[color, translation, cutout]"}) {
    all.push_back(kDouble + kPatch + Settings{{"model.diffaug", augmentation}});
  }
  return all;
}

// A text without what YAML may write and JSON does not.
std::string plain(std::string text) {
  std::erase_if(text, [](char c) { return c == '"' || c == ' '; });
  return text;
}

bool is_base(const SpecKey& key, const std::string& value) {
  const auto found = kBase.find(key.path);
  const std::string base = found != kBase.end() ? found->second : to_json(key.get(RunSpec{}));
  return plain(base) == plain(value);
}

std::vector<std::string> values_of(const SpecKey& key) {
  switch (key.type) {
    case SpecType::kBool:
      return {"true", "false"};
    case SpecType::kChoice:
      return key.choices;
    case SpecType::kChoiceList: {
      std::vector<std::string> lists = {fmt::format("[{}]", fmt::join(key.choices, ", "))};
      for (const std::string& choice : key.choices) lists.push_back("[" + choice + "]");
      return lists;
    }
    case SpecType::kInteger:
    case SpecType::kNumber: {
      const auto found = kNumbers.find(key.path);
      return found == kNumbers.end() ? std::vector<std::string>{} : found->second;
    }
    case SpecType::kText:
    case SpecType::kPath:
      return {};  // set together with the keys that need them
  }
  return {};
}

Settings needs_of(const std::string& name) {
  const auto found = kNeeds.find(name);
  return found == kNeeds.end() ? Settings{} : found->second;
}

// One per run; the first is kBase.
std::vector<Settings> all_variants() {
  std::vector<Settings> all = {kBase};
  for (const SpecKey& key : spec_keys()) {
    for (const std::string& value : values_of(key)) {
      if (is_base(key, value) || value == "tf32") continue;  // tf32 needs GPUs
      Settings settings{{key.path, value}};
      settings = settings + needs_of(key.path) + needs_of(key.path + ": " + value);
      // A key that is not part of a run's identity needs another one to make a separate run.
      if (!key.in_run_id) settings["train.adam_eps"] = fmt::format("{}e-11", 1001 + all.size());
      all.push_back(settings);
    }
  }
  for (const Settings& settings : combinations()) all.push_back(settings);
  return all;
}

std::string sweep_text(const std::vector<Settings>& variants) {
  std::string names, text;
  for (size_t i = 0; i < variants.size(); ++i) {
    names += fmt::format("{}v{}", i == 0 ? "" : ", ", i);
    text += fmt::format("  v{}: {{base: {}", i, i == 0 ? "scgan" : "v0");
    for (const auto& [key, value] : variants[i]) text += fmt::format(", {}: {}", key, value);
    text += "}\n";
  }
  return fmt::format(
      "name: keys\nsweep: {{variants: [{}], percentages: [100], seeds: [0]}}\nvariants:\n{}", names,
      text);
}

// What scgan_translate can distinguish in a file of weights: names, types and shapes.
std::string form_of(const fs::path& weights) {
  std::string form;
  for (const auto& [name, tensor] : read_safetensors(weights).tensors) {
    form += fmt::format("{} {} {}\n", name, c10::toString(tensor.scalar_type()),
                        fmt::join(tensor.sizes(), "x"));
  }
  return form;
}

class EveryKey : public SweepFixture {
 protected:
  EveryKey() {
    write_cells();
    write_weights();
    torch::jit::Module means("Means");
    means.define("def forward(self, x):\n    return x.float().mean(3).mean(2)\n");
    means.save(path("means.pt"));
  }

  Ended start(const char* program, const Words& arguments) const {
    Words words{program};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return run({words, {{"OMP_NUM_THREADS", "1"}}, path(".")});
  }

  // Ends well and leaves as many runs that are done.
  void expect_runs(const std::string& text, size_t count, const std::string& out = "out") const {
    write_text(path("keys.yaml"), text);
    const Ended ended =
        run(sweep_command(2, {"keys.yaml", "--out", out, "--quiet"}), std::chrono::minutes(15));
    ASSERT_EQ(ended.exit_code, 0) << ended.text() << "\nof\n" << text;
    const Statuses runs = statuses(path(out));
    EXPECT_EQ(runs.size(), count);
    for (const auto& [id, run] : runs) EXPECT_EQ(run.state, "done") << id << " " << run.variant;
    const Ended report = this->report({out, "--output", out + "-report"});
    EXPECT_EQ(report.exit_code, 0) << report.text();
  }

  // One file of each form; the names of the folders they are translated into.
  Words translate_with_every_form() const {
    std::map<std::string, fs::path> forms;
    for (const auto& run : fs::directory_iterator(path("out/runs"))) {
      for (const char* name : {"netG_A.safetensors", "netG_B.safetensors"}) {
        if (!fs::exists(run.path() / name)) continue;  // run.keep leaves it out
        forms.emplace(form_of(run.path() / name), run.path() / name);
      }
    }
    Words folders;
    for (const auto& [form, file] : forms) {
      for (const Words& flags : {Words{}, Words{"--size", "8", "--tiles", "--bits", "16"}}) {
        folders.push_back(fmt::format("translated{}", folders.size()));
        Words arguments{file.string(), "cells/testA", folders.back()};
        arguments.insert(arguments.end(), flags.begin(), flags.end());
        const Ended ended = start(SCGAN_TRANSLATE, arguments);
        EXPECT_EQ(ended.exit_code, 0) << ended.text();
      }
    }
    return folders;
  }

 private:
  // Folders of images, and the same images as rows of a manifest: whole, and by their channels.
  void write_cells() const {
    std::string whole = "split,domain,file\n", channels = "split,domain,red,green,blue\n";
    for (const std::string split : {"train", "test"}) {
      for (const std::string domain : {"A", "B"}) {
        const fs::path folder = path("cells") / (split + domain);
        fs::create_directories(folder);
        for (int i = 0; i < 4; ++i) {
          const auto name = fmt::format("{}{}/{}.png", split, domain, i);
          const at::Tensor image = test_image(80, 72, 2 * i + (domain == "B" ? 1 : 0));
          write_png(path("cells") / name, image);
          whole += fmt::format("{},{},cells/{}\n", split, domain, name);
          const auto grey = fmt::format("grey/{}{}{}.png", split, domain, i);
          fs::create_directories(path("cells/grey"));
          const at::Tensor red = image[0].contiguous();
          const auto* first = red.const_data_ptr<uint8_t>();
          write_png8(path("cells") / grey, 80, 72, 1, {first, first + red.numel()});
          channels += fmt::format("{},{},{},,{}\n", split, domain, grey, "");
        }
      }
    }
    write_text(path("cells.csv"), whole);
    write_text(path("colours.csv"), channels);
  }

  // Random ones in the shapes of those that have to be downloaded; and some to start from.
  void write_weights() const {
    write_safetensors(path("inception.safetensors"), sample_inception_weights(), {});
    NamedTensors lpips;
    const std::vector<std::vector<int64_t>> stages = {
        {0, 2, 3, 64}, {5, 2, 64, 128}, {10, 3, 128, 256}, {17, 3, 256, 512}, {24, 3, 512, 512}};
    for (size_t stage = 0; stage < stages.size(); ++stage) {
      const int64_t out = stages[stage][3];
      for (int64_t i = 0; i < stages[stage][1]; ++i) {
        const std::string name = fmt::format("features.{}", stages[stage][0] + 2 * i);
        const int64_t in = i == 0 ? stages[stage][2] : out;
        lpips.emplace_back(name + ".weight", sample_weight(name + ".conv.weight", {out, in, 3, 3}));
        lpips.emplace_back(name + ".bias", sample_weight(name + ".bias", {out}));
      }
      lpips.emplace_back(fmt::format("lin{}.model.1.weight", stage),
                         at::full({1, out, 1, 1}, 1.0 / static_cast<double>(out)));
    }
    write_safetensors(path("lpips.safetensors"), lpips, {});
    write_safetensors(path("first.safetensors"), {{"netG_A.model.1.bias", at::full({4}, 0.5)}}, {});
    write_safetensors(path("second.safetensors"), {{"netG_B.model.1.bias", at::full({4}, 0.5)}},
                      {});
  }
};

TEST(EveryKeyOfTheTable, IsSetByARun) {
  std::set<std::string> set = {"data.percentage"};  // sweep.percentages sets it
  for (const Settings& settings : all_variants()) {
    for (const auto& [key, value] : settings) set.insert(key);
  }
  std::set<std::string> known;
  for (const SpecKey& key : spec_keys()) {
    known.insert(key.path);
    const bool is_number = key.type == SpecType::kInteger || key.type == SpecType::kNumber;
    if (key.path == "data.percentage") continue;
    EXPECT_TRUE(set.contains(key.path)) << "no run sets " << key.path;
    EXPECT_EQ(kNumbers.contains(key.path), is_number) << key.path;
  }
  for (const std::string& key : set) EXPECT_TRUE(known.contains(key)) << key;
  for (const auto& [key, values] : kNumbers) EXPECT_TRUE(known.contains(key)) << key;
  for (const auto& [name, settings] : kNeeds) {
    EXPECT_TRUE(known.contains(name.substr(0, name.find(':')))) << name;
  }
}

TEST_F(EveryKey, IsTrainedReportedTranslatedAndCompared) {
  // All runs of a sweep have the same number of ranks.
  const Settings two_ranks{{"run.ranks_per_run", "2"}};
  std::vector<Settings> alone, shared = {kBase + two_ranks};
  for (const Settings& settings : all_variants()) {
    (settings.contains("run.ranks_per_run") ? shared : alone).push_back(settings);
  }
  expect_runs(sweep_text(alone), alone.size());
  expect_runs(sweep_text(shared), shared.size(), "shared");
  const Words translated = translate_with_every_form();
  ASSERT_FALSE(translated.empty());
  const std::vector<Words> extractors = {
      {},
      {"--extractor", "means.pt"},
      {"--extractor", "inception.safetensors", "--variant", "legacy_pytorch"},
      {"--extractor", "inception.safetensors", "--variant", "legacy_tensorflow"},
      {"--extractor", "inception.safetensors", "--variant", "clean"}};
  for (size_t i = 0; i < extractors.size(); ++i) {
    Words arguments{translated[i % translated.size()], "cells/testB"};
    arguments.insert(arguments.end(), extractors[i].begin(), extractors[i].end());
    const Ended ended = start(SCGAN_FID, arguments);
    EXPECT_EQ(ended.exit_code, 0) << ended.text();
  }
}

TEST_F(EveryKey, PercentagesSeedsAndAxesMakeRuns) {
  std::string base;
  for (const auto& [key, value] : kBase) base += fmt::format(", {}: {}", key, value);
  expect_runs(
      "name: axes\nsweep: {variants: [small], percentages: [50, 100], seeds: [0, 7], "
      "axes: {train.beta1: [0.4, 0.6]}}\nvariants:\n  small: {base: scgan" +
          base + "}\n",
      8);
}

}  // namespace
}  // namespace scgan::end_to_end
