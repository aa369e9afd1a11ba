// The files of a finished run, and its metrics for the store.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/data/dataset.h"
#include "core/eval/evaluator.h"
#include "core/features/feature_extractor.h"
#include "core/model/generator_input.h"
#include "core/spec/run_spec.h"
#include "core/train/train_state.h"
#include "results/store/records.h"

namespace scgan::sweeps {

// The names in the store: "AtoB" or "BtoA", "canonical" or "allreduce".
const char* to_string(Direction direction);
const char* to_string(Reduction reduction);

// Throws Error(kStorage) if it cannot be created.
void make_run_folder(const std::filesystem::path& folder);

struct FinalFiles {
  // The sweep's folder, and the run's in it.
  std::filesystem::path out, folder;
  std::string run_id;
  GeneratorInput input;
  // For the sample grid.
  const Dataset& data;
  const PlacementSpec& placement;
  // Of the weights: with evaluate.checkpoint best, not the last one.
  int64_t step = 0;
};

// Writes samples/final.png, netG_A.safetensors and netG_B.safetensors under the published tensor
// names, with step, direction and input in their metadata, and features-<direction>.safetensors
// with what was compared. The result has these files and log.jsonl, which must be there, with paths
// relative to `out`; remove_unkept() removes those that run.keep leaves out. Throws
// Error(kStorage).
std::vector<results::Artifact> write_final_files(const FinalFiles& files, const TrainState& state,
                                                 const std::vector<Score>& scores);

// Removes what a finished run does not leave below `out`: the files that it does not keep, then its
// checkpoints. The store must have its result.
void remove_unkept(const std::filesystem::path& out, const results::StoredRun& run);

// All numbers of one direction. `step` is that of the weights, `scores` how often the run was
// scored.
std::vector<results::Metric> final_metrics(const Score& score, const RunSpec& spec,
                                           const FeatureExtractor& extractor, int64_t step,
                                           int64_t scores);

// The same during training, without what does not change from one score to the next and without
// the statistics over subsets.
std::vector<results::Metric> training_metrics(const Score& score, const RunSpec& spec,
                                              const FeatureExtractor& extractor, int64_t step);

}  // namespace scgan::sweeps
