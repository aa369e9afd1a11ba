// The losses, scores and attempts of runs during their training, read from their stores when a
// figure needs them: a store can hold millions.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "results/report/summary.h"
#include "results/store/result_store.h"

namespace scgan::results {

class TrainingRecords {
 public:
  // `summary` must outlive this object.
  explicit TrainingRecords(const Summary& summary);

  // Empty if the run's folder has no store. Throws Error(kStorage) if it cannot be read.
  std::vector<LossPoint> losses(const StoredRun& run);
  std::vector<Metric> scores(const StoredRun& run);
  std::vector<AttemptBegin> attempts(const StoredRun& run);

 private:
  struct OpenStore {
    ResultStore store;
    bool has_scores;
  };
  const OpenStore* store_of(const StoredRun& run);

  std::unordered_map<const StoredRun*, const ReportInput*> sources_;
  // By folder; nullopt if it has no store.
  std::map<std::string, std::optional<OpenStore>> stores_;
};

}  // namespace scgan::results
