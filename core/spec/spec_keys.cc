#include "core/spec/spec_keys.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace scgan {
namespace {

template <typename Enum>
using Words = std::vector<std::pair<Enum, std::string>>;

// Builds the rows of one section of the table. `Section` is a member of RunSpec, reached by
// `reach`.
template <typename Section>
class SectionKeys {
 public:
  using Reach = std::function<Section&(RunSpec&)>;
  SectionKeys(std::vector<SpecKey>& keys, std::string prefix, Reach reach)
      : keys_(keys), prefix_(std::move(prefix)), reach_(std::move(reach)) {}

  SpecKey& flag(const char* name, bool Section::*field, const char* meaning) {
    return add<bool>(name, SpecType::kBool, "", meaning, field);
  }
  SpecKey& integer(const char* name, int64_t Section::*field, double min, double max,
                   const char* unit, const char* meaning) {
    return range(add<int64_t>(name, SpecType::kInteger, unit, meaning, field), min, max);
  }
  SpecKey& number(const char* name, double Section::*field, double min, double max,
                  const char* unit, const char* meaning) {
    return range(add<double>(name, SpecType::kNumber, unit, meaning, field), min, max);
  }
  SpecKey& path(const char* name, std::string Section::*field, const char* meaning) {
    SpecKey& key = add<std::string>(name, SpecType::kPath, "", meaning, field);
    key.in_run_id = false;
    return key;
  }
  SpecKey& words(const char* name, std::vector<std::string> Section::*field,
                 std::vector<std::string> choices, const char* meaning) {
    SpecKey& key = add<std::vector<std::string>>(name, SpecType::kChoiceList, "", meaning, field);
    key.choices = std::move(choices);
    return key;
  }
  template <typename Enum>
  SpecKey& choice(const char* name, Enum Section::*field, Words<Enum> words, const char* meaning) {
    SpecKey& key = row(name, SpecType::kChoice, "", meaning);
    for (const auto& [value, word] : words) key.choices.push_back(word);
    key.get = [reach = reach_, field, words](const RunSpec& spec) -> SpecValue {
      return word_of(words, reach(const_cast<RunSpec&>(spec)).*field);
    };
    key.set = [reach = reach_, field, words](RunSpec& spec, const SpecValue& value) {
      reach(spec).*field = value_of(words, std::get<std::string>(value));
    };
    return key;
  }
  template <typename Enum>
  SpecKey& choices(const char* name, std::vector<Enum> Section::*field, Words<Enum> words,
                   const char* meaning) {
    SpecKey& key = row(name, SpecType::kChoiceList, "", meaning);
    for (const auto& [value, word] : words) key.choices.push_back(word);
    key.get = [reach = reach_, field, words](const RunSpec& spec) -> SpecValue {
      std::vector<std::string> texts;
      for (const Enum value : reach(const_cast<RunSpec&>(spec)).*field) {
        texts.push_back(word_of(words, value));
      }
      return texts;
    };
    key.set = [reach = reach_, field, words](RunSpec& spec, const SpecValue& value) {
      auto& target = reach(spec).*field;
      target.clear();
      for (const auto& text : std::get<std::vector<std::string>>(value)) {
        target.push_back(value_of(words, text));
      }
    };
    return key;
  }

 private:
  template <typename Enum>
  static std::string word_of(const Words<Enum>& words, Enum value) {
    return std::find_if(words.begin(), words.end(), [&](auto& w) { return w.first == value; })
        ->second;
  }
  template <typename Enum>
  static Enum value_of(const Words<Enum>& words, const std::string& text) {
    return std::find_if(words.begin(), words.end(), [&](auto& w) { return w.second == text; })
        ->first;
  }
  static SpecKey& range(SpecKey& key, double min, double max) {
    key.min = min;
    key.max = max;
    return key;
  }
  SpecKey& row(const char* name, SpecType type, const char* unit, const char* meaning) {
    SpecKey key;
    key.path = prefix_ + "." + name;
    key.type = type;
    key.unit = unit;
    key.meaning = meaning;
    keys_.push_back(std::move(key));
    return keys_.back();
  }
  template <typename Field>
  SpecKey& add(const char* name, SpecType type, const char* unit, const char* meaning,
               Field Section::*field) {
    SpecKey& key = row(name, type, unit, meaning);
    key.get = [reach = reach_, field](const RunSpec& spec) -> SpecValue {
      return reach(const_cast<RunSpec&>(spec)).*field;  // reading only
    };
    key.set = [reach = reach_, field](RunSpec& spec, const SpecValue& value) {
      reach(spec).*field = std::get<Field>(value);
    };
    return key;
  }

  std::vector<SpecKey>& keys_;
  std::string prefix_;
  Reach reach_;
};

constexpr double kMany = 1e9;

void add_data_keys(std::vector<SpecKey>& keys) {
  SectionKeys<DatasetSpec> data(keys, "data", [](RunSpec& s) -> DatasetSpec& { return s.data; });
  data.choice<DataKind>("kind", &DatasetSpec::kind,
                        {{DataKind::kSynthetic, "synthetic"}, {DataKind::kFolders, "folders"}},
                        "synthetic = generated cell images; folders = trainA, trainB, testA, testB "
                        "with PNG or JPEG files, 8 or 16 bit, grey or RGB.");
  data.path("root", &DatasetSpec::root, "Folder that holds trainA, trainB, testA and testB.");
  data.integer("image_size", &DatasetSpec::image_size, 64, 1024, "pixels",
               "Height and width of what the networks see: 64, 128, 256, 512 or 1024.");
  data.integer("load_size", &DatasetSpec::load_size, 0, 8192, "pixels",
               "Training images are resized to this square and cropped to image_size; "
               "0 or auto = image_size * 286 / 256, rounded.")
      .zero_is_auto = true;
  data.flag("crop", &DatasetSpec::crop,
            "Random crop from load_size; false = resize straight to image_size.");
  data.flag("flip", &DatasetSpec::flip, "Random horizontal flip with probability 0.5.");
  data.integer("tiles", &DatasetSpec::tiles, 1, 64, "per side",
               "Test images are resized to tiles * image_size and cut into tiles x tiles images.");
  data.choice<Scaling>("scaling", &DatasetSpec::scaling,
                       {{Scaling::kDtype, "dtype"}, {Scaling::kPercentile, "percentile"}},
                       "dtype = the full range of the file's type; percentile = low and high "
                       "percentile of the training images of both domains, per channel.");
  data.number("percentile_low", &DatasetSpec::percentile_low, 0, 100, "%",
              "Percentile that becomes black (scaling: percentile).");
  data.number("percentile_high", &DatasetSpec::percentile_high, 0, 100, "%",
              "Percentile that becomes white (scaling: percentile).");
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
  SectionKeys<SyntheticSpec> synthetic(
      keys, "data.synthetic", [](RunSpec& s) -> SyntheticSpec& { return s.data.synthetic; });
  synthetic.integer("train_images", &SyntheticSpec::train_images, 1, 1e6, "images",
                    "Training images per domain at 100 %.");
  synthetic.integer("test_images", &SyntheticSpec::test_images, 2, 1e6, "images",
                    "Test images per domain.");
  synthetic.integer("seed", &SyntheticSpec::seed, 0, 2147483647, "",
                    "Seed of the generated images; not the run's seed.");
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
          "patch = 70x70 PatchGAN; fastgan = FastGAN's self-supervised "
          "discriminator.")
      .variant_only = true;
  model.integer("discriminator_width", &ModelSpec::discriminator_width, 4, 512, "filters",
                "Filters of the discriminator's first layer; published: 64.");
  model
      .words("diffaug", &ModelSpec::diffaug, {"color", "translation", "cutout"},
             "DiffAugment on everything a discriminator sees, in this order; [] = off.")
      .variant_only = true;
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
      "relative = lambda_identity times lambda_a or lambda_b, as the "
      "published code; absolute = lambda_identity alone.");
  loss.number("lambda_ssl", &LossSpec::lambda_ssl, 0, 1e6, "",
              "Weight of the self-supervised reconstruction loss (discriminator fastgan).");
  loss.number("d_adv_scale", &LossSpec::d_adv_scale, 1e-6, 1e6, "",
              "Factor of the discriminator's adversarial loss: 0.5 for CycleGAN, 1.0 for SCGAN.")
      .variant_only = true;
}

void add_train_keys(std::vector<SpecKey>& keys) {
  SectionKeys<TrainSpec> train(keys, "train", [](RunSpec& s) -> TrainSpec& { return s.train; });
  train.integer("epochs", &TrainSpec::epochs, 0, kMany, "epochs",
                "Epochs with constant learning rate.");
  train.integer("decay_epochs", &TrainSpec::decay_epochs, 0, kMany, "epochs",
                "Epochs after them, with the rate falling linearly towards 0.");
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
  train.integer("threads", &TrainSpec::threads, 1, 1024, "threads",
                "CPU threads per rank; part of the run's identity, since it changes bits.");
}

void add_evaluate_keys(std::vector<SpecKey>& keys) {
  SectionKeys<ExtractorSpec> extractor(
      keys, "evaluate.extractor",
      [](RunSpec& s) -> ExtractorSpec& { return s.evaluate.extractor; });
  extractor.choice<ExtractorKind>(
      "kind", &ExtractorSpec::kind,
      {{ExtractorKind::kRandomConv, "random_conv"}, {ExtractorKind::kTorchScript, "torchscript"}},
      "random_conv = fixed random filters, no file needed; torchscript "
      "= any TorchScript module from images to features.");
  extractor.path("file", &ExtractorSpec::file,
                 "TorchScript file: forward(uint8 [N,3,H,W], RGB) gives float [N,D].");
  SectionKeys<EvalSpec> eval(keys, "evaluate", [](RunSpec& s) -> EvalSpec& { return s.evaluate; });
  eval.choices<Direction>("directions", &EvalSpec::directions,
                          {{Direction::kAtoB, "AtoB"}, {Direction::kBtoA, "BtoA"}},
                          "Translations that are scored.");
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
                               "enough runs wait.");
  ranks.in_run_id = false;
  ranks.zero_is_auto = true;
  run.choice<Reduction>(
      "reduction", &PlacementSpec::reduction,
      {{Reduction::kCanonical, "canonical"}, {Reduction::kAllReduce, "allreduce"}},
      "canonical = the same bits at any world size; allreduce = the library's "
      "own sum, whose bits depend on the world size.");
  run.number("checkpoint_minutes", &PlacementSpec::checkpoint_minutes, 0, 1e6, "minutes",
             "Time between checkpoints; 0 = after every step.")
      .in_run_id = false;
  run.number("sample_minutes", &PlacementSpec::sample_minutes, 0, 1e6, "minutes",
             "Time between sample grids.")
      .in_run_id = false;
  run.integer("sample_images", &PlacementSpec::sample_images, 0, 64, "images",
              "Rows of a sample grid; 0 = no samples.")
      .in_run_id = false;
  run.flag("recompute", &PlacementSpec::recompute,
           "Redo the generators' forwards in the backward pass: less memory, same bits.")
      .in_run_id = false;
}

std::string json_text(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<int>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

}  // namespace

std::vector<SpecKey> spec_keys() {
  std::vector<SpecKey> keys;
  keys.reserve(64);  // references returned while building stay valid
  add_data_keys(keys);
  add_model_keys(keys);
  add_loss_keys(keys);
  add_train_keys(keys);
  add_evaluate_keys(keys);
  add_run_keys(keys);
  return keys;
}

std::string expected(const SpecKey& key) {
  switch (key.type) {
    case SpecType::kBool:
      return "true or false";
    case SpecType::kInteger:
      return fmt::format("an integer from {} to {}{}", key.min, key.max,
                         key.zero_is_auto ? ", or auto" : "");
    case SpecType::kNumber:
      return fmt::format("a number from {} to {}", key.min, key.max);
    case SpecType::kText:
      return "a text";
    case SpecType::kPath:
      return "a path";
    case SpecType::kChoice:
      return fmt::format("one of {}", fmt::join(key.choices, ", "));
    case SpecType::kChoiceList:
      return fmt::format("a list of {}", fmt::join(key.choices, ", "));
  }
  return "";
}

std::string to_json(const SpecValue& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* integer = std::get_if<int64_t>(&value)) return fmt::format("{}", *integer);
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("{}", *number);
  if (const auto* text = std::get_if<std::string>(&value)) return json_text(*text);
  std::vector<std::string> items;
  for (const auto& item : std::get<std::vector<std::string>>(value))
    items.push_back(json_text(item));
  return fmt::format("[{}]", fmt::join(items, ","));
}

}  // namespace scgan
