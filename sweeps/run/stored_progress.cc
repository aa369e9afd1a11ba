#include "sweeps/run/stored_progress.h"

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "results/store/result_store.h"
#include "sweeps/run/stored_speeds.h"

namespace scgan::sweeps {
namespace {

using results::RunState;
using results::StoredRun;

// The mean time of one rank for a step of the runs of a kind.
class MeanSpeeds {
 public:
  void add(const StoredRun& run, double seconds_per_step) {
    for (Mean* mean : {&all_, &by_kind_[kind_of(run)]}) {
      mean->sum += seconds_per_step;
      ++mean->count;
    }
  }
  bool empty() const { return all_.count == 0; }
  double of(const StoredRun& run) const {
    const auto found = by_kind_.find(kind_of(run));
    const Mean& mean = found == by_kind_.end() ? all_ : found->second;
    return mean.sum / mean.count;
  }

 private:
  struct Mean {
    double sum = 0;
    int count = 0;
  };
  static std::string kind_of(const StoredRun& run) { return run.plan.variant + run.plan.axes; }

  Mean all_;
  std::map<std::string, Mean> by_kind_;
};

// Sums of the losses of the generators and of the discriminators, as in the live view.
void add_curves(const std::vector<results::LossPoint>& losses, GroupProgress& group) {
  std::map<int64_t, std::pair<double, double>> sums;
  for (const auto& [step, loss, value] : losses) {
    const std::string_view of = loss;
    const bool is_discriminators = of.starts_with("d_") || of.starts_with("ssl_");
    auto& [g, d] = sums[step];
    (is_discriminators ? d : g) += value;
  }
  for (const auto& [step, sum] : sums) {
    group.g_curve.push_back(sum.first);
    group.d_curve.push_back(sum.second);
  }
  if (sums.empty()) return;
  group.g_loss = group.g_curve.back();
  group.d_loss = group.d_curve.back();
}

int64_t images_per_step(const StoredRun& run) {
  const auto spec = nlohmann::json::parse(run.plan.spec, nullptr, /*allow_exceptions=*/false);
  return spec.is_object() ? 2 * spec.value("train.batch_size", int64_t{0}) : 0;
}

}  // namespace

SweepProgress stored_progress(const std::string& name, const std::vector<StoredRun>& runs,
                              const std::vector<std::string>& folders) {
  SweepProgress progress;
  progress.name = name;
  std::map<std::string, const StoredRun*> by_id;
  for (const StoredRun& run : runs) {
    by_id.emplace(run.plan.id, &run);
    if (run.state == RunState::kDone) ++progress.done;
    if (run.state == RunState::kFailed) ++progress.failed;
    if (run.state == RunState::kPlanned) ++progress.waiting;
  }
  MeanSpeeds speeds;
  for (const std::string& folder : folders) {
    const auto file = std::filesystem::path(folder) / "results.db";
    const auto store = results::ResultStore::open_read_only(file);
    const auto known = stored_speeds(file);
    for (const auto& [id, speed] : known) {
      if (const auto run = by_id.find(id); run != by_id.end()) {
        speeds.add(*run->second, speed.seconds_per_step);
      }
    }
    for (const auto& [id, ranks] : store.open_attempts()) {
      const auto found = by_id.find(id);
      if (found == by_id.end() || found->second->state != RunState::kRunning) continue;
      const StoredRun& run = *found->second;
      GroupProgress& group = progress.groups.emplace_back();
      group.run = label_of(run.plan);
      group.ranks = ranks;
      group.step = run.last_step;
      group.total_steps = run.plan.total_steps;
      group.scoring = run.last_step == run.plan.total_steps;
      group.images_per_step = images_per_step(run);
      if (const auto speed = known.find(id); speed != known.end()) {
        group.steps_per_second = ranks / speed->second.seconds_per_step;
      }
      add_curves(store.losses(id), group);
      progress.ranks += ranks;
    }
  }
  progress.running = static_cast<int>(progress.groups.size());
  if (progress.ranks == 0 || speeds.empty()) return progress;
  double rank_seconds = 0;
  for (const StoredRun& run : runs) {
    if (run.state != RunState::kPlanned && run.state != RunState::kRunning) continue;
    rank_seconds += static_cast<double>(run.plan.total_steps - run.last_step) * speeds.of(run);
  }
  progress.training_seconds = rank_seconds / progress.ranks;
  return progress;
}

}  // namespace scgan::sweeps
