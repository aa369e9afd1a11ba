#include "results/report/training_records.h"

#include <filesystem>
#include <utility>

namespace scgan::results {

TrainingRecords::TrainingRecords(const Summary& summary) {
  for (size_t i = 0; i < summary.runs.size(); ++i) {
    sources_.emplace(summary.runs[i], summary.sources[i]);
  }
}

const TrainingRecords::OpenStore* TrainingRecords::store_of(const StoredRun& run) {
  const std::string& folder = folder_of(*sources_.at(&run), run);
  const auto [found, is_new] = stores_.emplace(folder, std::nullopt);
  if (is_new) {
    const auto file = std::filesystem::path(folder) / "results.db";
    std::error_code unknown;
    if (std::filesystem::is_regular_file(file, unknown)) {
      ResultStore store = ResultStore::open_read_only(file);
      const bool has_scores = store.has_scores();
      found->second = OpenStore{std::move(store), has_scores};
    }
  }
  return found->second ? &*found->second : nullptr;
}

std::vector<LossPoint> TrainingRecords::losses(const StoredRun& run) {
  const OpenStore* open = store_of(run);
  return open == nullptr ? std::vector<LossPoint>() : open->store.losses(run.plan.id);
}

std::vector<Metric> TrainingRecords::scores(const StoredRun& run) {
  const OpenStore* open = store_of(run);
  if (open == nullptr || !open->has_scores) return {};
  return open->store.scores(run.plan.id);
}

std::vector<AttemptBegin> TrainingRecords::attempts(const StoredRun& run) {
  const OpenStore* open = store_of(run);
  return open == nullptr ? std::vector<AttemptBegin>() : open->store.attempts(run.plan.id);
}

}  // namespace scgan::results
