#include "results/report/methods.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <utility>

#include "results/report/run_facts.h"
#include "results/report/words.h"
#include "results/statistics/samples.h"

namespace scgan::results {
namespace {

// "50", or "48 to 50".
std::string range_text(const std::set<int64_t>& values) {
  return values.size() == 1 ? fmt::format("{}", *values.begin())
                            : fmt::format("{} to {}", *values.begin(), *values.rbegin());
}

// How many training images a percentage of one data set is.
struct Amount {
  std::set<int64_t> images_a, images_b;
};

std::string amount_text(const Amount& amount) {
  if (amount.images_a == amount.images_b) {
    return range_text(amount.images_a) + " images per domain";
  }
  return fmt::format("{} images of A and {} of B", range_text(amount.images_a),
                     range_text(amount.images_b));
}

// "synthetic" -> its amounts by percentage, in the order of the runs.
std::vector<std::pair<std::string, std::map<double, Amount>>> amounts_of(const RunFacts& facts) {
  std::vector<std::pair<std::string, std::map<double, Amount>>> all;
  for (const StoredRun* run : facts.runs()) {
    auto found = std::ranges::find(all, run->plan.dataset,
                                   &std::pair<std::string, std::map<double, Amount>>::first);
    if (found == all.end()) found = all.insert(all.end(), {run->plan.dataset, {}});
    Amount& amount = found->second[run->plan.percentage];
    amount.images_a.insert(run->plan.images_a);
    amount.images_b.insert(run->plan.images_b);
  }
  return all;
}

std::string amounts_sentence(const std::string& dataset, const std::map<double, Amount>& amounts) {
  std::vector<std::string> words;
  for (const auto& [percentage, amount] : amounts) {
    words.push_back(fmt::format("{} % ({})", percentage_text(percentage), amount_text(amount)));
  }
  return fmt::format("Models were trained on {} of the training images of the data set {}.",
                     joined(words), dataset);
}

std::string images_sentence(const RunFacts& facts) {
  const std::string size = facts.phrase("data.image_size"), load = facts.phrase("data.load_size");
  std::string text;
  const bool is_cropped = facts.is("data.crop", "true") && size != load;
  if (is_cropped) {
    text = fmt::format(
        "Training images were resized to {0} x {0} pixels, cropped at random to {1} x {1} "
        "pixels",
        load, size);
  } else if (facts.is("data.crop", "false") || size == load) {
    text = fmt::format("Training images were resized to {0} x {0} pixels", size);
  } else {
    text = fmt::format("The networks saw {0} x {0} pixels", size);
  }
  if (facts.is("data.flip", "true")) text += " and flipped horizontally with a probability of 0.5";
  if (facts.is("data.tiles", "1")) {
    return text + fmt::format("; test images were resized to {0} x {0} pixels.", size);
  }
  return text + fmt::format("; test images were cut into {0} x {0} tiles of this size.",
                            facts.phrase("data.tiles"));
}

std::string scaling_sentence(const RunFacts& facts) {
  if (facts.is("data.kind", "synthetic")) {
    return "The images are drawn by a generator of cells; domain B differs from domain A by a "
           "known "
           "change.";
  }
  if (facts.is("data.scaling", "dtype")) {
    return "Grey levels were scaled by the full range of the files' type.";
  }
  if (facts.is("data.scaling", "percentile")) {
    return fmt::format(
        "The {} and {} percentiles of the training images became black and white, "
        "for each channel.",
        facts.phrase("data.percentile_low"), facts.phrase("data.percentile_high"));
  }
  return "";
}

std::string data_paragraph(const RunFacts& facts) {
  std::vector<std::string> sentences;
  bool is_partial = false;
  for (const auto& [dataset, amounts] : amounts_of(facts)) {
    sentences.push_back(amounts_sentence(dataset, amounts));
    is_partial = is_partial || amounts.begin()->first < 100;
  }
  if (is_partial && facts.is("data.subset", "seeded")) {
    sentences.emplace_back("The seed of a run decided which images a percentage takes.");
  } else if (is_partial && facts.is("data.subset", "fixed")) {
    sentences.emplace_back("All runs of a percentage took the same images.");
  }
  sentences.push_back(scaling_sentence(facts));
  sentences.push_back(images_sentence(facts));
  std::erase(sentences, "");
  return fmt::format("{}", fmt::join(sentences, " "));
}

// "color, translation and cutout" of a JSON list.
std::string list_text(const std::string& json) {
  const auto list = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  return list.is_array() ? joined(list.get<std::vector<std::string>>()) : "";
}

// "scgan (FastGAN discriminators, DiffAugment: color and cutout, ...)".
std::string model_text(const std::string& variant, const SharedSpec& spec) {
  std::vector<std::string> parts;
  const std::string discriminator = acting_value(spec, "model.discriminator");
  if (discriminator == "patch") parts.emplace_back("PatchGAN discriminators");
  if (discriminator == "fastgan") parts.emplace_back("FastGAN discriminators");
  if (const std::string names = list_text(acting_value(spec, "model.diffaug")); !names.empty()) {
    parts.push_back("DiffAugment: " + names);
  }
  if (const std::string names = list_text(acting_value(spec, "model.decoders")); !names.empty()) {
    parts.push_back(fmt::format("self-supervised reconstruction with weight {} and the decoders {}",
                                acting_value(spec, "loss.lambda_ssl"), names));
  }
  return parts.empty() ? variant : fmt::format("{} ({})", variant, fmt::join(parts, "; "));
}

std::string models_sentence(const Summary& summary) {
  std::vector<std::string> words;
  for (size_t i = 0; i < summary.runs.size(); ++i) {
    if (summary.runs[i]->state != RunState::kDone) continue;
    std::string text = model_text(summary.runs[i]->plan.variant, *summary.specs[i]);
    if (std::ranges::find(words, text) == words.end()) words.push_back(std::move(text));
  }
  return fmt::format("The {} {}.", words.size() == 1 ? "model was" : "models were", joined(words));
}

std::string models_paragraph(const Summary& summary, const RunFacts& facts) {
  return models_sentence(summary) +
         fmt::format(
             " Generators were residual networks with {} {} and {} filters in the first "
             "layer; discriminators had {} filters in the first layer.",
             facts.phrase("model.generator_blocks"),
             facts.is("model.generator_blocks", "1") ? "block" : "blocks",
             facts.phrase("model.generator_width"), facts.phrase("model.discriminator_width"));
}

std::string losses_sentence(const RunFacts& facts) {
  std::string text = fmt::format(
      "Besides the adversarial loss, the generators minimised cycle losses with the weights {} (A "
      "to "
      "B to A) and {} (B to A to B)",
      facts.phrase("loss.lambda_a"), facts.phrase("loss.lambda_b"));
  if (!facts.is("loss.lambda_identity", "0")) {
    text += fmt::format(" and identity losses with the weight {}",
                        facts.phrase("loss.lambda_identity"));
    if (facts.is("loss.identity_mode", "relative")) text += ", relative to those";
  }
  return text + ".";
}

std::string schedule_text(const RunFacts& facts) {
  // With train.steps, an epoch of the schedule is an equal part of the training.
  std::string unit = "epochs";
  if (!facts.values("train.steps").empty() && !facts.is("train.steps", "0")) {
    unit = facts.values("train.steps").contains("0") ? "epochs or equal parts of the training"
                                                     : "equal parts of the training";
  }
  if (facts.is("train.schedule", "linear")) {
    return fmt::format("the rate was constant for {} {} and fell linearly towards 0 in {} more",
                       facts.phrase("train.epochs"), unit, facts.phrase("train.decay_epochs"));
  }
  return fmt::format("the schedule of the rate was {} ({} + {} {})", facts.phrase("train.schedule"),
                     facts.phrase("train.epochs"), facts.phrase("train.decay_epochs"), unit);
}

std::string optimizer_sentence(const RunFacts& facts) {
  std::set<int64_t> steps;
  for (const StoredRun* run : facts.runs()) steps.insert(run->plan.total_steps);
  return fmt::format(
      "A run took {} steps of Adam (learning rate {}, beta1 {}, beta2 {}) on batches of {} images "
      "per "
      "domain; {}.",
      range_text(steps), facts.phrase("train.learning_rate"), facts.phrase("train.beta1"),
      facts.phrase("train.beta2"), facts.phrase("train.batch_size"), schedule_text(facts));
}

std::string training_paragraph(const Summary& summary, const RunFacts& facts) {
  std::vector<std::string> sentences = {losses_sentence(facts), optimizer_sentence(facts)};
  if (!facts.is("train.pool_size", "0")) {
    sentences.push_back(fmt::format("Discriminators saw fakes from a pool of {} images per domain.",
                                    facts.phrase("train.pool_size")));
  }
  if (!facts.is("train.ema_decay", "0")) {
    sentences.push_back(
        fmt::format("Scores are those of a moving average of the generators' weights (decay {}).",
                    facts.phrase("train.ema_decay")));
  }
  if (!facts.values("train.initial_weights_digest").empty()) {
    sentences.emplace_back("Training started from given weights in some or all runs.");
  }
  if (!facts.is("train.precision", "fp32")) {
    sentences.push_back(fmt::format("The precision was {}.", facts.phrase("train.precision")));
  }
  std::set<std::string> seeds;
  for (const StoredRun* run : facts.runs()) seeds.insert(fmt::format("{}", run->plan.seed));
  sentences.push_back(fmt::format("{} of {} planned runs have a result; their seeds are {}.",
                                  facts.runs().size(), summary.runs.size(), joined(seeds, "and")));
  return fmt::format("{}", fmt::join(sentences, " "));
}

std::string extractor_text(const RunFacts& facts, const ComparisonKey& key) {
  std::string text = fmt::format("{} (SHA-256 {}) on {}", key.extractor,
                                 short_digest(key.extractor_digest), key.preprocessing);
  if (key.extractor != "inception_v3") return text;
  return text + ", resized as in " + facts.phrase("evaluate.extractor.variant");
}

std::string metric_word(const std::string& metric) {
  return metric == "fid" ? "FID" : metric == "kid" ? "KID" : "the recovered change";
}

std::string scores_paragraph(const Summary& summary, const RunFacts& facts) {
  std::vector<std::string> metrics, extractors;
  std::set<int64_t> real, fake;
  const auto add = [](std::vector<std::string>& all, std::string text) {
    if (std::ranges::find(all, text) == all.end()) all.push_back(std::move(text));
  };
  for (const MetricTable& table : summary.tables) {
    add(metrics, metric_word(table.key.metric));
    if (!is_recovered_change(table)) add(extractors, extractor_text(facts, table.key));
    real.insert(table.key.n_real);
    fake.insert(table.key.n_fake);
  }
  if (metrics.empty()) return "";
  std::string text = fmt::format("Models were scored by {}, on {} real and {} translated images.",
                                 joined(metrics), range_text(real), range_text(fake));
  if (std::ranges::find(metrics, "KID") != metrics.end()) {
    text += " KID is the unbiased estimate over all of them.";
  }
  if (!extractors.empty()) text += " Features are those of " + joined(extractors) + ".";
  if (facts.is("data.test_split", "train")) {
    text += " The scored images are the training images, so the scores are too good.";
  }
  if (facts.is("evaluate.checkpoint", "last"))
    text += " The weights scored are those of the last step.";
  if (facts.is("evaluate.checkpoint", "best")) {
    text +=
        " The weights scored are those with the lowest FID during training, chosen on the test "
        "images, so the scores are optimistic.";
  }
  return text;
}

std::string statistics_paragraph(const Analysis& analysis) {
  if (std::ranges::all_of(analysis.comparisons,
                          [](const TableComparison& table) { return table.models.empty(); })) {
    return "";
  }
  return fmt::format(
      "Models were compared by two-sided Mann-Whitney tests over their runs (exact up to {} runs "
      "per cell), stratified by "
      "the "
      "amount of data with van Elteren's weights; failed and collapsed runs counted as worse than "
      "all "
      "others. The p values were adjusted for all comparisons by Holm's method, at the level {}. "
      "The size of a difference is the median of all pairwise differences (Hodges-Lehmann), with "
      "the "
      "range of 95 % of 2,000 stratified bootstrap resamples, which is a confidence interval from "
      "five runs per cell on.",
      stats::kMaxExactGroup, kLevel);
}

std::string software_paragraph(const RunFacts& facts) {
  std::set<std::string> devices;
  for (const StoredRun* run : facts.runs()) {
    if (!run->device.empty()) devices.insert(run->device);
  }
  std::string text;
  if (!devices.empty()) text = "Training ran on " + joined(devices, "and") + ".";
  if (std::ranges::all_of(facts.runs(), [](auto* run) { return run->reduction == "canonical"; })) {
    text += std::string(text.empty() ? "" : " ") +
            "The results do not depend on the number of processes.";
  }
  std::vector<std::string> software;
  const std::pair<const char*, const char*> names[] = {
      {"scgan_sweep", ""}, {"libtorch", "LibTorch "}, {"cuda", "CUDA "},
      {"cudnn", "cuDNN "}, {"nccl", "NCCL "},         {"mpi", ""}};
  const bool has_gpu = std::ranges::any_of(
      devices, [](const std::string& device) { return device.starts_with("cuda"); });
  for (const auto& [key, name] : names) {
    const std::string_view library = key;
    if (!has_gpu && (library == "cuda" || library == "cudnn" || library == "nccl")) continue;
    if (const std::string version = facts.version(key); !version.empty()) {
      software.push_back(name + version);
    }
  }
  if (!software.empty())
    text += (text.empty() ? "" : " ") + ("Software: " + joined(software) + ".");
  return text;
}

}  // namespace

std::vector<std::string> methods_paragraphs(const Analysis& analysis) {
  const RunFacts facts(analysis.summary);
  if (facts.runs().empty()) return {};
  std::vector<std::string> paragraphs = {data_paragraph(facts),
                                         models_paragraph(analysis.summary, facts),
                                         training_paragraph(analysis.summary, facts),
                                         scores_paragraph(analysis.summary, facts),
                                         statistics_paragraph(analysis),
                                         software_paragraph(facts)};
  std::erase(paragraphs, "");
  return paragraphs;
}

}  // namespace scgan::results
