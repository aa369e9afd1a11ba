#include "sweeps/plan/sweep_yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "core/base/error.h"

namespace scgan::sweeps {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using Flags = std::vector<std::string>;
using Words = std::vector<std::string>;

SweepSpec read(const std::string& text, const Flags& flags = {}) {
  return read_sweep(text, "s.yaml", flags, "/sweeps");
}

// The lines of the message; none if the text is accepted.
Words issues(const std::string& text, const Flags& flags = {}) {
  try {
    read(text, flags);
    return {};
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInvalidSpec);
    Words lines = {""};
    for (const char c : std::string(error.what())) {
      if (c == '\n') {
        lines.emplace_back();
      } else {
        lines.back() += c;
      }
    }
    return lines;
  }
}

// The value of a key that is set for all runs.
SpecValue base_value(const SweepSpec& spec, const std::string& path) {
  for (const auto& [key, value] : spec.base) {
    if (key == path) return value;
  }
  return std::string("not set");
}

TEST(SweepYamlTest, NameAloneMeansTheDefaults) {
  const SweepSpec spec = read("name: a-b.c_1\n");
  EXPECT_EQ(spec.name, "a-b.c_1");
  ASSERT_EQ(spec.variants.size(), 3U);
  EXPECT_EQ(spec.variants[1].name, "cyclegan_diffaug");
  EXPECT_THAT(spec.percentages, ElementsAre(20, 40, 60, 80, 100));
  EXPECT_THAT(spec.seeds, ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(spec.base, IsEmpty());
}

TEST(SweepYamlTest, SectionsSetKeysOfEveryType) {
  const SweepSpec spec = read(
      "name: a\n"
      "data: {crop: false, kind: folders, root: images, synthetic: {seed: 3}}\n"
      "train:\n  learning_rate: 1e-4\n  epochs: 3\n"
      "evaluate: {directions: 'AtoB, BtoA', extractor: {file: /abs/x.pt}}\n"
      "run: {ranks_per_run: auto}\n");
  EXPECT_EQ(base_value(spec, "data.crop"), SpecValue(false));
  EXPECT_EQ(base_value(spec, "data.kind"), SpecValue(std::string("folders")));
  EXPECT_EQ(base_value(spec, "data.root"), SpecValue(std::string("/sweeps/images")));
  EXPECT_EQ(base_value(spec, "data.synthetic.seed"), SpecValue(int64_t{3}));
  EXPECT_EQ(base_value(spec, "train.learning_rate"), SpecValue(1e-4));
  EXPECT_EQ(base_value(spec, "evaluate.directions"), SpecValue(Words{"AtoB", "BtoA"}));
  EXPECT_EQ(base_value(spec, "evaluate.extractor.file"), SpecValue(std::string("/abs/x.pt")));
  EXPECT_EQ(base_value(spec, "run.ranks_per_run"), SpecValue(int64_t{0}));
}

TEST(SweepYamlTest, UnknownKeyNamesLineAndNearestKey) {
  EXPECT_THAT(issues("name: a\ntrain:\n  epoch: 3\n"),
              ElementsAre("s.yaml:3: train.epoch: unknown key; did you mean train.epochs?"));
  EXPECT_THAT(issues("name: a\ntrian: {epochs: 3}\n"),
              ElementsAre("s.yaml:2: trian: unknown key; did you mean train?"));
  EXPECT_THAT(issues("name: a\ndata: {learning_rate: 1e-4}\n"),
              ElementsAre(HasSubstr("did you mean train.learning_rate?")));
  EXPECT_THAT(issues("name: a\nsweep: {seed: [1]}\n"),
              ElementsAre("s.yaml:2: sweep.seed: unknown key; did you mean sweep.seeds?"));
  EXPECT_THAT(issues("name: a\ntrain.epochs: 3\n"),
              ElementsAre(HasSubstr("write it inside its section")));
}

TEST(SweepYamlTest, DuplicateKeyNamesBothLines) {
  EXPECT_THAT(issues("name: a\ntrain:\n  epochs: 3\n  epochs: 4\n"),
              ElementsAre("s.yaml:4: train.epochs: is written twice, first at s.yaml:3"));
}

TEST(SweepYamlTest, AmbiguousValuesAreRefused) {
  for (const char* value : {"010", "0x10", "1_000", "0o7", "1e3", "3.0", "+3", "'3'", "~", "[3]"}) {
    EXPECT_THAT(issues(std::string("name: a\ntrain: {epochs: ") + value + "}\n"),
                ElementsAre(StartsWith("s.yaml:2: train.epochs: expected an integer")))
        << value;
  }
  for (const char* value : {"yes", "on", "True", "1", "'true'"}) {
    EXPECT_THAT(issues(std::string("name: a\ndata: {crop: ") + value + "}\n"),
                ElementsAre(StartsWith("s.yaml:2: data.crop: expected true or false")))
        << value;
  }
  for (const char* value : {".5", "5.", ".inf", "nan", "0x1", "01.5"}) {
    EXPECT_THAT(issues(std::string("name: a\nloss: {lambda_a: ") + value + "}\n"),
                ElementsAre(StartsWith("s.yaml:2: loss.lambda_a: expected a number")))
        << value;
  }
}

TEST(SweepYamlTest, RangesAndChoicesAreChecked) {
  EXPECT_THAT(issues("name: a\ntrain: {epochs: -1}\n"), ElementsAre(HasSubstr("from 0 to")));
  EXPECT_THAT(issues("name: a\ntrain: {epochs: 99999999999999999999}\n"),
              ElementsAre(HasSubstr("from 0 to")));
  EXPECT_THAT(
      issues("name: a\ndata: {kind: folder}\n"),
      ElementsAre(
          "s.yaml:2: data.kind: expected one of synthetic, folders, manifest, not folder; did "
          "you mean folders?"));
  EXPECT_THAT(issues("name: a\ntrain: {epochs: auto}\n"), testing::SizeIs(1));
}

TEST(SweepYamlTest, MergeKeysTagsAndSecondDocumentsAreRefused) {
  EXPECT_THAT(issues("name: a\ndata: &d {crop: true}\ntrain:\n  <<: *d\n"),
              ElementsAre(StartsWith("s.yaml:4: train.<<: merge keys are not supported")));
  EXPECT_THAT(issues("name: a\ntrain: {epochs: !!int 3}\n"), ElementsAre(HasSubstr("tags")));
  EXPECT_THAT(issues("name: a\n---\nname: b\n"), ElementsAre(HasSubstr("second YAML document")));
}

TEST(SweepYamlTest, TextThatCannotBeginADocumentIsRefused) {
  for (const char* text : {",", "]", "}", ", name: a\n", "name: a\n...\n,\n", "{name: a},\n"}) {
    EXPECT_THAT(issues(text), testing::Contains(HasSubstr("YAML"))) << text;
  }
}

TEST(SweepYamlTest, AliasBecomesACopyOfItsValue) {
  const SweepSpec spec = read("name: a\ntrain: {epochs: &n 7, decay_epochs: *n}\n");
  EXPECT_EQ(base_value(spec, "train.decay_epochs"), SpecValue(int64_t{7}));
  EXPECT_THAT(issues("name: a\ntrain: &x {epochs: *x}\n"),
              testing::Contains(HasSubstr("refers to itself")));
}

TEST(SweepYamlTest, TextThatIsNotASweepReportsOneError) {
  EXPECT_THAT(issues(""), ElementsAre(StartsWith("s.yaml:1: is empty")));
  EXPECT_THAT(issues("# nothing\n"), ElementsAre(StartsWith("s.yaml:1: is empty")));
  EXPECT_THAT(issues("- a\n- b\n"), ElementsAre(HasSubstr("at the top level")));
  EXPECT_THAT(issues("name: a\ntrain:\n\tepochs: 3\n"),
              ElementsAre("s.yaml:3: is indented with a tab; YAML allows only spaces"));
  EXPECT_THAT(issues("name: a\ntrain: {epochs: 3\nrun: 4\n"),
              ElementsAre("s.yaml:3: is not valid YAML: a { above is not closed by }"));
  EXPECT_THAT(issues("name: a\ntrain:\n  epochs: 3\n steps: 4\n"),
              ElementsAre("s.yaml:4: is not valid YAML: this line is not indented like the lines "
                          "above that it belongs to"));
  EXPECT_THAT(issues("name: a\ntrain:\n  epochs: 3\n    steps: 4\n"),
              ElementsAre(testing::AllOf(HasSubstr("s.yaml:4"), HasSubstr("indented too far"))));
  EXPECT_THAT(issues("train: {epochs: 3}\n"), ElementsAre(HasSubstr("name: is missing")));
  EXPECT_THAT(issues("name: a/b\n"), ElementsAre(HasSubstr("expected a name")));
}

TEST(SweepYamlTest, AllMistakesAreReportedSortedByLine) {
  EXPECT_THAT(
      issues("name: a\n"
             "sweep: {seeds: {count: 0}, percentages: [0, 50, 50]}\n"
             "train:\n  epoch: 3\n  epochs: x\n"
             "data: {crop: yes}\n",
             {"run.nothing=1"}),
      ElementsAre(StartsWith("s.yaml:2: sweep.seeds.count: "),
                  StartsWith("s.yaml:2: sweep.percentages: expected a number"),
                  StartsWith("s.yaml:2: sweep.percentages: 50 is listed twice"),
                  StartsWith("s.yaml:4: train.epoch: "), StartsWith("s.yaml:5: train.epochs: "),
                  StartsWith("s.yaml:6: data.crop: "),
                  StartsWith("--set run.nothing=1: run.nothing: unknown key")));
}

TEST(SweepYamlTest, KeysOfVariantsAreRefusedElsewhere) {
  EXPECT_THAT(issues("name: a\nmodel: {discriminator: patch}\n", {"loss.d_adv_scale=1"}),
              ElementsAre(HasSubstr("write it under variants:"),
                          StartsWith("--set loss.d_adv_scale=1: loss.d_adv_scale: distinguishes")));
  EXPECT_THAT(issues("name: a\ndata: {percentage: 50}\n"),
              ElementsAre(HasSubstr("is set by sweep.percentages")));
}

TEST(SweepYamlTest, SeedsAreCountedOrListed) {
  EXPECT_THAT(read("name: a\nsweep: {seeds: {count: 2}}\n").seeds, ElementsAre(0, 1));
  EXPECT_THAT(read("name: a\nsweep: {seeds: {count: 2, base: 10}}\n").seeds, ElementsAre(10, 11));
  EXPECT_THAT(read("name: a\nsweep: {seeds: [5, 3]}\n").seeds, ElementsAre(5, 3));
  EXPECT_THAT(issues("name: a\nsweep: {seeds: [5, 5]}\n"), ElementsAre(HasSubstr("listed twice")));
  EXPECT_THAT(issues("name: a\nsweep: {seeds: {count: 2, base: 2147483647}}\n"),
              ElementsAre(HasSubstr("largest seed")));
  EXPECT_THAT(issues("name: a\nsweep: {seeds: 3}\n"), ElementsAre(HasSubstr("{count: 2}")));
}

TEST(SweepYamlTest, VariantAcceptsFullPathsUniqueWordsAndSections) {
  const SweepSpec spec = read(
      "name: a\nsweep: {variants: [mine, yours]}\n"
      "variants:\n"
      "  mine: {base: scgan, diffaug: 'color,translation', loss.lambda_a: 5, train: {epochs: 2}}\n"
      "  yours: {base: mine, diffaug: []}\n");
  ASSERT_EQ(spec.variants.size(), 2U);
  EXPECT_EQ(spec.variants[0].presets[0].second, SpecValue(std::string("fastgan")));
  EXPECT_THAT(spec.variants[0].overrides,
              ElementsAre(testing::Pair("model.diffaug", SpecValue(Words{"color", "translation"})),
                          testing::Pair("loss.lambda_a", SpecValue(5.0)),
                          testing::Pair("train.epochs", SpecValue(int64_t{2}))));
  EXPECT_THAT(spec.variants[1].overrides,
              testing::Contains(testing::Pair("model.diffaug", SpecValue(Words{}))));
}

TEST(SweepYamlTest, NamesOfVariantsMayHaveBlanksAndAnyPrintableCharacter) {
  const SweepSpec spec = read(
      "name: a\n"
      "sweep: {variants: [CycleGAN + DiffAugment, '\"λ = 5\", 50 %', 無し]}\n"
      "variants:\n"
      "  CycleGAN + DiffAugment: {base: cyclegan_diffaug}\n"
      "  '\"λ = 5\", 50 %': {base: CycleGAN + DiffAugment, loss.lambda_a: 5}\n"
      "  無し: {base: cyclegan}\n");
  ASSERT_EQ(spec.variants.size(), 3U);
  EXPECT_EQ(spec.variants[0].name, "CycleGAN + DiffAugment");
  EXPECT_EQ(spec.variants[1].name, "\"λ = 5\", 50 %");
  EXPECT_EQ(spec.variants[1].presets, spec.variants[0].presets);
  EXPECT_EQ(spec.variants[2].name, "無し");
}

TEST(SweepYamlTest, NamesOfVariantsThatTablesCannotShowAreRefused) {
  const std::vector<std::string> names{"''",
                                       "' a'",
                                       "'a '",
                                       "'a  b'",
                                       "\"a\\tb\"",
                                       "\"a\\x7f\"",
                                       "\"a\\x85\"",
                                       "\"a\\u2028\"",
                                       "'a\xff'",
                                       "'\xc0\xaf'",
                                       "'\xed\xa0\x80'",
                                       "'\xf4\x90\x80\x80'",
                                       std::string(101, 'a')};
  for (const std::string& name : names) {
    EXPECT_THAT(issues("name: a\nvariants:\n  ? " + name + "\n  : {base: scgan}\n"),
                ElementsAre(HasSubstr("expected a name of 1 to 100 characters in UTF-8")))
        << name;
  }
  EXPECT_THAT(issues("name: a b\n"), ElementsAre(HasSubstr("letters, digits, _, - and .")));
}

TEST(SweepYamlTest, MistakesInVariantsAreNamed) {
  EXPECT_THAT(issues("name: a\nvariants:\n"
                     "  scgan: {base: cyclegan}\n"
                     "  b: {base: scgann}\n"
                     "  c: {diffaug: color}\n"
                     "  d: {base: scgan, batch_size: 4}\n"
                     "  e: {base: scgan, diffaug: color, model.diffaug: cutout}\n"
                     "  f: {base: scgan, difaug: color}\n"
                     "  g: {base: scgan, diffaug: colour}\n"
                     "sweep: {variants: [scgna]}\n"),
              ElementsAre(HasSubstr("variants.scgan: is a built-in variant"),
                          HasSubstr("did you mean scgan?"), HasSubstr("variants.c: has no base"),
                          HasSubstr("could be train.batch_size or evaluate.batch_size"),
                          HasSubstr("is written twice, first at s.yaml:7"),
                          HasSubstr("did you mean diffaug?"), HasSubstr("did you mean color?"),
                          HasSubstr("unknown variant scgna; did you mean scgan?")));
}

TEST(SweepYamlTest, AxesAndExclusionsKeepTheirOrderAndTypes) {
  const SweepSpec spec = read(
      "name: a\nsweep:\n"
      "  exclude:\n    - {variant: scgan, percentage: 20, train.epochs: 2}\n"
      "  axes: {train.epochs: [2, 1], model.diffaug: [[], 'color,cutout']}\n");
  ASSERT_EQ(spec.axes.size(), 2U);
  EXPECT_EQ(spec.axes[0].key, "train.epochs");
  EXPECT_THAT(spec.axes[0].values, ElementsAre(SpecValue(int64_t{2}), SpecValue(int64_t{1})));
  EXPECT_THAT(spec.axes[1].values,
              ElementsAre(SpecValue(Words{}), SpecValue(Words{"color", "cutout"})));
  ASSERT_EQ(spec.exclude.size(), 1U);
  EXPECT_EQ(spec.exclude[0].location, "s.yaml:4");
  EXPECT_THAT(spec.exclude[0].conditions,
              ElementsAre(testing::Pair("variant", SpecValue(std::string("scgan"))),
                          testing::Pair("percentage", SpecValue(20.0)),
                          testing::Pair("train.epochs", SpecValue(int64_t{2}))));
}

TEST(SweepYamlTest, MistakesInAxesAndExclusionsAreNamed) {
  EXPECT_THAT(issues("name: a\nsweep:\n  axes:\n"
                     "    train.epoch: [1]\n"
                     "    train.epochs: []\n"
                     "    train.decay_epochs: [1, 1]\n"
                     "    run.ranks_per_run: [1, 2]\n"
                     "    data.percentage: [1, 2]\n"
                     "  exclude:\n"
                     "    - {train.beta1: 0.5}\n"
                     "    - scgan\n"),
              ElementsAre(HasSubstr("did you mean train.epochs?"), HasSubstr("at least one value"),
                          HasSubstr("1 is listed twice"), HasSubstr("cannot be an axis"),
                          HasSubstr("sweep.percentages"), HasSubstr("is not a condition"),
                          HasSubstr("expected conditions")));
}

TEST(SweepYamlTest, FlagsReplaceValuesOfTheFile) {
  const std::string text = "name: a\ntrain: {epochs: oops}\nsweep: {seeds: [1, 2]}\n";
  const SweepSpec spec =
      read(text, {"train.epochs=3", "sweep.seeds.count=1", "name=b", "train.epochs=4",
                  "sweep.percentages=[50]", "data.root=images", "data.synthetic.seed=2"});
  EXPECT_EQ(spec.name, "b");
  EXPECT_EQ(base_value(spec, "train.epochs"), SpecValue(int64_t{4}));
  EXPECT_EQ(base_value(spec, "data.synthetic.seed"), SpecValue(int64_t{2}));
  EXPECT_EQ(base_value(spec, "data.root"),
            SpecValue((std::filesystem::current_path() / "images").string()));
  EXPECT_THAT(spec.seeds, ElementsAre(0));
  EXPECT_THAT(spec.percentages, ElementsAre(50));
}

TEST(SweepYamlTest, BadFlagsAreNamed) {
  EXPECT_THAT(issues("name: a\n", {"train.epochs", "=3", "train..epochs=3", "train.epochs=[3"}),
              ElementsAre(StartsWith("--set train.epochs: expected key=value"),
                          StartsWith("--set =3: expected key=value"),
                          StartsWith("--set train..epochs=3: expected key=value"),
                          StartsWith("--set train.epochs=[3: is not valid YAML")));
}

}  // namespace
}  // namespace scgan::sweeps
