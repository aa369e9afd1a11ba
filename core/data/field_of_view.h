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

// The fields of a data set that consists of files: split by split, sorted by name, no split empty.
// With data.test_split train, the training fields are listed again for testing. Throws Error(kData)
// with all problems. A new kind of files is a function like list_folder_fields and a case here.
std::vector<FieldOfView> list_fields(const DatasetSpec& spec);

// Returns the digest of a data set: SHA-256 over label and content digest (RawImage::digest) of
// each field, in order.
std::string data_digest(const std::vector<FieldOfView>& fields,
                        const std::vector<std::string>& content_digests);

}  // namespace scgan
