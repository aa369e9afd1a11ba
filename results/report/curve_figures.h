// Learning curves: what the runs' losses and scores were during their training.
#pragma once

#include <optional>
#include <vector>

#include "results/report/analysis.h"
#include "results/report/figure.h"
#include "results/report/figure_names.h"
#include "results/report/training_records.h"

namespace scgan::results {

// The losses of the done runs of each data set at its smallest and its largest percentage: a panel
// for each term, in it the median over the runs of each variant.
std::vector<Figure> loss_figures(const Analysis& analysis, TrainingRecords& records);

// The scores during training that belong to the table: a panel for each percentage. nullopt if
// there are none (evaluate.every_epochs was not set).
std::optional<Figure> score_curves(const MetricTable& table, TrainingRecords& records,
                                   FigureNames& names);

}  // namespace scgan::results
