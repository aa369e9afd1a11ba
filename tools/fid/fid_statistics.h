// Files of the statistics that FID compares: .npz with the arrays mu [d] and sigma [d, d], as
// pytorch-fid writes and reads them.
#pragma once

#include <filesystem>

#include "core/eval/fid.h"

namespace scgan {

// Throws Error(kData) naming the file when it cannot be read, the arrays are not of those shapes,
// hold a value that is not finite, or sigma is no covariance: not symmetric, a variance below 0.
FeatureMoments read_fid_statistics(const std::filesystem::path& file);

// Atomically. Throws Error(kStorage).
void write_fid_statistics(const std::filesystem::path& file, const FeatureMoments& moments);

}  // namespace scgan
