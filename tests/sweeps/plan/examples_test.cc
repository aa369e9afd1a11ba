// The sweep files in examples/ are valid and do what their comments say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/spec/validate.h"
#include "sweeps/plan/expand.h"
#include "sweeps/plan/sweep_yaml.h"

namespace scgan::sweeps {
namespace {

std::vector<RunSpec> runs_of_example(const std::string& name,
                                     const std::vector<std::string>& flags = {}) {
  const std::string file = std::string(SCGAN_EXAMPLES) + "/" + name;
  return expand(read_sweep(read_file(file), name, flags, SCGAN_EXAMPLES));
}

const std::vector<std::string> kPaths = {"data.root=/data", "evaluate.extractor.file=/x.pt"};

TEST(ExamplesTest, QuickstartNeedsNoFlags) {
  const auto all = runs_of_example("quickstart.yaml");
  EXPECT_EQ(all.size(), 12U);
  EXPECT_EQ(all[0].data.kind, DataKind::kSynthetic);
  EXPECT_THAT(possible_ranks_per_run(all[0]), testing::ElementsAre(1, 2));
}

TEST(ExamplesTest, OthersNameTheFlagsThatTheyNeed) {
  for (const char* name : {"bbbc021_fields.yaml", "horse2zebra.yaml"}) {
    try {
      runs_of_example(name);
      FAIL() << name;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("--set data.root="));
      EXPECT_THAT(error.what(), testing::HasSubstr("--set evaluate.extractor.file="));
    }
  }
}

TEST(ExamplesTest, FieldsTrainFor1500Steps) {
  const auto all = runs_of_example("bbbc021_fields.yaml", kPaths);
  ASSERT_EQ(all.size(), 4U);
  const TrainSpec& train = all[0].train;
  EXPECT_EQ((train.epochs + train.decay_epochs) * (96 / train.batch_size), 1500);
}

TEST(ExamplesTest, HorsesTrainWithThePublishedDefaults) {
  const auto all = runs_of_example("horse2zebra.yaml", kPaths);
  ASSERT_EQ(all.size(), 75U);
  EXPECT_EQ(all[0].model.generator_blocks, 9);
  EXPECT_EQ(all[0].data.load_size, 286);
}

}  // namespace
}  // namespace scgan::sweeps
