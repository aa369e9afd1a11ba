#include "core/spec/run_spec.h"

#include <gtest/gtest.h>

namespace scgan {
namespace {

TEST(RunSpecTest, TrainingSideIsTheLoadSizeOrItsDefaultOrTheImageSize) {
  DatasetSpec data;
  EXPECT_EQ(training_side(data), 286);
  data.image_size = 64;
  EXPECT_EQ(training_side(data), 72);  // 71.5
  data.load_size = 80;
  EXPECT_EQ(training_side(data), 80);
  data.crop = false;
  EXPECT_EQ(training_side(data), 64);
}

TEST(RunSpecTest, ResolvedDefaultsStay) {
  RunSpec spec;
  spec.data.image_size = 64;
  resolve_defaults(spec);
  EXPECT_EQ(spec.data.load_size, 72);
  EXPECT_EQ(spec.model.generator_blocks, 6);
  EXPECT_EQ(spec.model.d_norm, Norm::kInstance);
  spec.data.image_size = 256;
  resolve_defaults(spec);
  EXPECT_EQ(spec.data.load_size, 72);
  EXPECT_EQ(spec.model.generator_blocks, 6);
}

}  // namespace
}  // namespace scgan
