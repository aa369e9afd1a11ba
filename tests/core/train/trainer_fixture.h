// TrainerTest: small runs, an observer that follows a script, and the state of a Trainer.
#pragma once

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "core/data/dataset_source.h"
#include "core/train/trainer.h"
#include "tests/core/train/small_run.h"

namespace scgan::testing {

constexpr const char* kRunId = "0123456789abcdef";

// Requests a stop, a checkpoint or a regrouping at the boundary after a given step.
class ScriptedObserver final : public TrainObserver {
 public:
  int64_t stop_at = std::numeric_limits<int64_t>::max();
  int64_t checkpoint_at = -1;
  // Requested only once.
  int64_t regroup_at = -1;
  std::vector<StepLosses> losses;
  std::vector<int64_t> epochs;
  std::vector<double> learning_rates;
  // Steps at which before_checkpoint() was called.
  std::vector<int64_t> saved_after;
  // What score() returns at each step; 100 at all other steps.
  std::map<int64_t, double> fid_at;
  // The generators' weights that score() saw at each step.
  std::map<int64_t, at::Tensor> shown_at;

  void step_done(const StepReport& report) override {
    step_ = report.step;
    losses.push_back(report.losses);
    epochs.push_back(report.epoch);
    learning_rates.push_back(report.learning_rate);
  }
  BoundaryRequests at_boundary() override {
    const bool regroups = step_ == regroup_at;
    if (regroups) regroup_at = -1;
    return {.stop = step_ >= stop_at, .checkpoint = step_ == checkpoint_at, .regroup = regroups};
  }
  void before_checkpoint() override { saved_after.push_back(step_); }
  void write_samples(const TrainState&) override {}
  double score(const TrainState& state, Communicator&) override {
    shown_at[state.step] = state.generators.values().clone();
    return fid_at.contains(state.step) ? fid_at.at(state.step) : 100;
  }

 private:
  int64_t step_ = 0;
};

inline std::map<std::string, at::Tensor> state_of(const Trainer& trainer) {
  std::map<std::string, at::Tensor> all;
  for (const auto& [name, tensor] : trainer.state().tensors()) all[name] = tensor.clone();
  return all;
}

class TrainerTest : public ::testing::Test {
 protected:
  TrainerTest() { at::set_num_threads(1); }  // the bits depend on the number of threads

  // With 6 images and batches of 4, an epoch has one step: 5 epochs and 1 decay epoch are 6 steps.
  RunSpec spec_ = [] {
    RunSpec spec = small_run(DiscriminatorKind::kFastGan);
    spec.train.epochs = 5;
    return spec;
  }();
  Dataset data_ = DatasetSource(spec_.data).load();
  DataLoader loader_{spec_, data_};
};

}  // namespace scgan::testing
