// The fields of view, one image each, that make up a data set: what a folder or a manifest lists.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/image/raw_image.h"
#include "core/spec/run_spec.h"

namespace scgan {

inline constexpr std::array<const char*, 4> kSplits{"trainA", "trainB", "testA", "testB"};

inline bool is_training(size_t split) { return split < 2; }

// Whether the data set has files of its own for the split: with data.test_split train the training
// files serve as test files too.
inline bool is_listed(const DatasetSpec& spec, size_t split) {
  return is_training(split) || spec.test_split == TestSplit::kTest;
}

struct FieldOfView {
  size_t split = 0;   // index into kSplits
  int64_t index = 0;  // in its split
  std::string name;   // of what is made from it
  std::string label;  // what the data digest says of it beside the content
  ImageFiles files;
  std::string origin;  // begins messages about it: "" or "FILE:LINE: "
};

// The fields of a data set of kind folders or manifest: split by split, sorted by name, no split
// empty; data.test_split train lists those for training again for testing. Throws Error(kData) with
// all problems.
std::vector<FieldOfView> list_fields(const DatasetSpec& spec);

int64_t count_of(const std::vector<FieldOfView>& fields, size_t split);

}  // namespace scgan
