// Reads and writes the statistics that FID compares: .npz files with the arrays mu [d] and sigma
// [d, d], as in pytorch-fid.
#pragma once

#include <filesystem>

#include "core/eval/fid.h"

namespace scgan {

// Throws Error(kData) naming the file when it cannot be read, when an array has another shape or
// holds a value that is not finite, and when sigma is not a covariance: not symmetric, or a
// variance below 0.
FeatureMoments read_fid_statistics(const std::filesystem::path& file);

// Writes atomically. Throws Error(kStorage).
void write_fid_statistics(const std::filesystem::path& file, const FeatureMoments& moments);

}  // namespace scgan
