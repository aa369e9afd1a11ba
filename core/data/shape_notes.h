// What differs between the images of a data set: depth, colour, size.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/data/field_of_view.h"
#include "core/data/image_facts.h"

namespace scgan {

// Returns a problem for each image whose depth is not that of most images (of the first one, if as
// many have another), and "" for the others. 0 bits: the image could not be read.
std::vector<std::string> depth_problems(const std::vector<std::string>& images,
                                        const std::vector<int64_t>& bits);

// Notes these problems for the images of a data set. Images that could not be read have a height of
// 0.
void add_depth_problems(const std::vector<FieldOfView>& fields,
                        const std::vector<ImageFacts>& facts, std::vector<std::string>& problems);

// Adds sentences about grey images among RGB images (or the other way round), about images that are
// not square, and about files of one name with several endings.
void add_shape_notes(const std::vector<FieldOfView>& fields, const std::vector<ImageFacts>& facts,
                     std::vector<std::string>& notes);

}  // namespace scgan
