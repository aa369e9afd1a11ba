// RunObserver: reports the training of a run and decides when it writes checkpoints and samples.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "core/comm/communicator.h"
#include "core/data/dataset.h"
#include "core/eval/evaluator.h"
#include "core/features/feature_extractor.h"
#include "core/train/trainer.h"
#include "distributed/mailbox.h"
#include "results/store/records.h"
#include "sweeps/run/heartbeat.h"
#include "sweeps/run/messages.h"
#include "sweeps/run/run_control.h"
#include "sweeps/run/run_log.h"

namespace scgan::sweeps {

class RunObserver final : public TrainObserver {
 public:
  struct Setup {
    const RunSpec& spec;
    const Dataset& data;
    Evaluator& evaluator;
    const FeatureExtractor& extractor;  // the evaluator's
    std::filesystem::path folder;       // of the run
    c10::Device device;
    bool leader;
    int64_t first_step;
    int64_t total_steps;
  };
  // The arguments must outlive the observer. Only the leader writes and reports.
  RunObserver(Setup setup, RunControl& orders, const distributed::Mailbox& mailbox,
              Heartbeat& heartbeat);

  void step_done(const StepReport& report) override;
  BoundaryRequests at_boundary() override;
  void before_checkpoint() override { log_->flush(); }
  void write_samples(const TrainState& state) override;
  // Reports the scores at once, to be stored.
  double score(const TrainState& state, Communicator& communicator) override;

  // Reports the remaining points and flushes the log.
  void finish(int64_t step);

 private:
  using Clock = std::chrono::steady_clock;
  bool checkpoint_due();
  bool samples_due() const;
  void report_progress(int64_t step);
  bool is_on_curve(int64_t step) const;

  Setup setup_;
  RunControl& control_;
  const distributed::Mailbox& mailbox_;
  Heartbeat& heartbeat_;
  std::unique_ptr<RunLog> log_;
  int64_t curve_interval_;  // steps between two points of the stored curve
  std::vector<results::LossPoint> points_;
  std::vector<results::Metric> scores_;
  double g_loss_ = 0, d_loss_ = 0;
  Clock::time_point last_report_, last_checkpoint_, last_samples_;
};

}  // namespace scgan::sweeps
