// Pictures of translations: the same test images for each variant and percentage.
#pragma once

#include <vector>

#include "results/report/analysis.h"
#include "results/report/figure.h"

namespace scgan::results {

// One figure for each data set and direction whose runs have sample grids: source images, their
// translations by each variant, and real images of the target, for each percentage. A cell is shown
// by its run with the median score, the lower one of two. Where a run has no grid, or one with
// other images, the figure says so.
std::vector<Figure> sample_figures(const Analysis& analysis);

}  // namespace scgan::results
