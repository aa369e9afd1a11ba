#include "results/report/analysis.h"

namespace scgan::results {

Analysis analyse(const std::vector<ReportInput>& inputs) {
  Analysis analysis{.inputs = &inputs, .summary = summarize(inputs), .comparisons = {}};
  analysis.comparisons = compare(analysis.summary);
  return analysis;
}

}  // namespace scgan::results
