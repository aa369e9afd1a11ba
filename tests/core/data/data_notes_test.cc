#include "core/data/data_notes.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randint.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace scgan {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Fields with their images; images differ unless a test passes them.
class DataNotesTest : public testing::Test {
 protected:
  static at::Tensor noise(double low = 0, double high = 255) {
    return (at::randint(0, 1000, {3, 50, 50}, at::kFloat) * ((high - low) / 999) + low).round();
  }

  void add(Split split, const std::string& name, const at::Tensor& pixels, int64_t bits = 8,
           size_t files = 1) {
    RawImage raw;
    raw.pixels = bits == 8 ? pixels.to(at::kByte) : pixels;
    raw.bits = bits;
    facts_.push_back(facts_of(raw));
    FieldOfView field;
    field.split = split;
    field.name = name;
    field.files.resize(files);
    fields_.push_back(field);
  }
  void add_all_splits(double high = 255, int64_t bits = 8) {
    for (const Split split : kSplits) add(split, "own", noise(0, high), bits);
  }
  std::vector<std::string> notes() const { return data_notes(spec_, fields_, facts_); }

  DatasetSpec spec_;
  std::vector<FieldOfView> fields_;
  std::vector<ImageFacts> facts_;
};

TEST_F(DataNotesTest, DifferentImagesOfFullRangeNeedNone) {
  add_all_splits();
  EXPECT_THAT(notes(), IsEmpty());
}

TEST_F(DataNotesTest, TestImagesThatWereTrainedOnAreNamed) {
  add_all_splits();
  const at::Tensor image = noise();
  add(Split::kTrainA, "x", image);
  add(Split::kTestA, "y", image);
  EXPECT_THAT(notes(), ElementsAre(AllOf(HasSubstr("1 of the 2 images of testA are also in trainA"),
                                         HasSubstr("(testA/y is trainA/x)"))));
  spec_.test_split = TestSplit::kTrain;  // then it is what the user asked for
  EXPECT_THAT(notes(), IsEmpty());
}

TEST_F(DataNotesTest, ImagesOfBothDomainsAndRepeatedImagesAreNamed) {
  add_all_splits();
  const at::Tensor image = noise();
  add(Split::kTrainA, "x", image);
  add(Split::kTrainB, "y", image);
  add(Split::kTrainB, "z", image);
  EXPECT_THAT(notes(), ElementsAre(HasSubstr("2 of the 3 images of trainB are also in trainA"),
                                   HasSubstr("1 image of trainB is another one of it again "
                                             "(trainB/z is trainB/y)")));
}

TEST_F(DataNotesTest, OnePictureInTwoChannelsIsNamed) {
  add_all_splits();
  at::Tensor image = noise();
  image[2].copy_(image[0]);
  add(Split::kTestB, "row", image, 8, /*files=*/3);
  EXPECT_THAT(notes(), ElementsAre("red and blue are the same picture in 1 image (testB/row)"));
  fields_.back().files.resize(1);  // one file may be grey
  EXPECT_THAT(notes(), IsEmpty());
}

TEST_F(DataNotesTest, ConstantImagesAreNamedAndNotTakenForLeaks) {
  add_all_splits();
  at::Tensor blank = at::full({3, 50, 50}, 7.0);
  blank[1][3][3] = 200;  // a hot pixel
  add(Split::kTrainA, "blank", blank);
  add(Split::kTestA, "blank", blank);
  EXPECT_THAT(notes(), ElementsAre("2 images have one value nearly everywhere (trainA/blank)"));
}

TEST_F(DataNotesTest, TwelveBitsInSixteenAreNarrow) {
  add_all_splits(4080, 16);
  at::Tensor hot = noise(0, 4080);
  hot[0][0][0] = 65535;
  add(Split::kTrainA, "hot", hot, 16);
  // 4080 / 65535 of 255 is 15.9.
  EXPECT_THAT(notes(), ElementsAre(AllOf(HasSubstr("of 65535"), HasSubstr("17 of 256 grey levels"),
                                         HasSubstr("data.scaling: percentile"))));
  spec_.scaling = Scaling::kPercentile;
  EXPECT_THAT(notes(), IsEmpty());
}

TEST_F(DataNotesTest, ADimChannelOfItsOwnFileIsNamed) {
  for (const Split split : kSplits) {
    at::Tensor image = noise(0, 60000);
    image[1].copy_(noise(0, 500)[0]);
    add(split, "own", image, 16, /*files=*/3);
  }
  EXPECT_THAT(notes(), ElementsAre(HasSubstr("nearly all green values")));
}

TEST_F(DataNotesTest, DescribesDepthColourSizeAndRange) {
  add_all_splits(4080, 16);
  add(Split::kTestA, "large", noise(100, 4080).repeat({1, 2, 3}), 16);
  EXPECT_THAT(description_of(facts_),
              testing::MatchesRegex("16-bit RGB images of 50 x 50 to 150 x 100 pixels, nearly all "
                                    "values from [0-9]+ to 40[78][0-9]"));
}

TEST_F(DataNotesTest, FloatsHaveNoRangeToUse) {
  spec_.scaling = Scaling::kPercentile;
  add_all_splits(400, 32);
  EXPECT_THAT(notes(), IsEmpty());
}

}  // namespace
}  // namespace scgan
