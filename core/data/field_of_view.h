// The fields of view, one image each, that make up a data set: what a folder or a manifest lists.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/data/split.h"
#include "core/image/raw_image.h"
#include "core/spec/run_spec.h"

namespace scgan {

// Whether the data set has files of its own for the split: with data.test_split train, the training
// files also serve as test files.
inline bool is_listed(const DatasetSpec& spec, Split split) {
  return is_training(split) || spec.test_split == TestSplit::kTest;
}

struct FieldOfView {
  Split split = Split::kTrainA;
  // In its split.
  int64_t index = 0;
  // Of the images made from it.
  std::string name;
  // Identifies it in the data digest, beside the content of its files.
  std::string label;
  ImageFiles files;
  // Prefix of messages about it: "" or "FILE:LINE: ".
  std::string origin;
};

// Returns the digest of a data set: SHA-256 over label and content digest (RawImage::digest) of
// each field, in order.
std::string data_digest(const std::vector<FieldOfView>& fields,
                        const std::vector<std::string>& content_digests);

}  // namespace scgan
