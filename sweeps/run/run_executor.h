// RunExecutor: one group's work: ask for a run, train it, score it, write its files, report; until
// told to leave.
#pragma once

#include <c10/core/Device.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "core/data/dataset.h"
#include "core/eval/evaluator.h"
#include "core/eval/feature_extractor.h"
#include "core/train/trainer.h"
#include "distributed/mailbox.h"
#include "distributed/rank_group.h"
#include "sweeps/run/life_signs.h"
#include "sweeps/run/plan.h"
#include "sweeps/run/run_observer.h"

namespace scgan::sweeps {

class RunExecutor {
 public:
  struct Place {
    int rank = 0;  // of the world
    std::string host;
    c10::Device device;
    std::string versions;  // JSON, for the attempt's row
    double stop_after_minutes = 0;
  };
  // All arguments must outlive the executor. Every rank of the group makes one.
  RunExecutor(const JobPlan& plan, distributed::RankGroup& group,
              const distributed::Mailbox& mailbox, LifeSigns& life_signs, Place place);

  // Works until the coordinator has no run left. A run that fails for its own reason is reported,
  // the next one goes on. Throws what ends the job: a lost rank, device or storage. Collective over
  // the group.
  void serve();

 private:
  // What several runs of a sweep share, kept between them.
  struct Inputs {
    std::string key;
    DataSet data;
    std::unique_ptr<FeatureExtractor> extractor;
    std::unique_ptr<Evaluator> evaluator;
  };

  int next_run();
  void execute(const JobRun& run);
  // Trainer::train, whose errors say in which run and step; a batch that led to a loss that is not
  // finite is kept.
  TrainOutcome train(const JobRun& run, const DataLoader& loader, Trainer& trainer,
                     TrainObserver& observer);
  void begin_attempt(const JobRun& run, int64_t first_step);
  void score_and_store(const JobRun& run, Trainer& trainer);
  Inputs& inputs(const RunSpec& spec);
  // The same, with the ranks of the group knowing of each other's failure. Collective.
  Inputs& agreed_inputs(const RunSpec& spec);
  void report(const Report& message) const;
  std::filesystem::path folder(const JobRun& run) const;

  const JobPlan& plan_;
  distributed::RankGroup& group_;
  const distributed::Mailbox& mailbox_;
  LifeSigns& life_signs_;
  Place place_;
  StopRequest stop_;
  std::optional<Inputs> inputs_;
  std::optional<CheckpointFolder> finished_;  // of the run that was done last
  bool all_ranks_know_ = false;               // of the present failure
  bool begun_ = false;                        // the present run's attempt has its row
};

// How an error of a run is kept in the store.
results::ExitClass exit_class(const std::exception& problem);

}  // namespace scgan::sweeps
