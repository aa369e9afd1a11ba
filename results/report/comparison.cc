#include "results/report/comparison.h"

namespace scgan::results {

std::vector<TableComparison> compare(const Summary& summary) {
  return std::vector<TableComparison>(summary.tables.size());
}

}  // namespace scgan::results
