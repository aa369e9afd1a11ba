// What a user should know of a data set before trusting scores: images that are in two splits,
// channels that are one picture, ranges of values that leave little to see.
#pragma once

#include <string>
#include <vector>

#include "core/data/field_of_view.h"
#include "core/data/image_facts.h"
#include "core/spec/run_spec.h"

namespace scgan {

// "16-bit grey images of 512 x 512 to 1024 x 1024 pixels, nearly all values from 80 to 4080".
std::string description_of(const std::vector<ImageFacts>& facts);

// Sentences, each on a line of its own; empty if nothing was noticed. `facts` are those of
// `fields`. Fields of test splits that are the training images by request (data.test_split train)
// are ignored.
std::vector<std::string> data_notes(const DatasetSpec& spec, const std::vector<FieldOfView>& fields,
                                    const std::vector<ImageFacts>& facts);

}  // namespace scgan
