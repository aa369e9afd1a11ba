#include "tests/results/sample_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <utility>

#include "core/base/atomic_file.h"
#include "results/store/sqlite.h"

namespace scgan::results {

SweepRecord sample_sweep() {
  return {.name = "cells", .text = "name: cells\n", .sets = "[]", .version = "scgan_sweep 0.1.0"};
}

PlannedRun planned_run(const std::string& id, const std::string& variant, double percentage,
                       int64_t seed) {
  return {.id = id,
          .variant = variant,
          .percentage = percentage,
          .seed = seed,
          .dataset = "synthetic",
          .data_digest = std::string(64, 'd'),
          .spec = R"({"model.discriminator_width":8,"model.generator_width":8,"train.epochs":3})",
          .images_a = 8,
          .images_b = 8,
          .total_steps = 40};
}

AttemptStart attempt_on(const std::string& run_id, int64_t first_step) {
  return {.run_id = run_id,
          .hosts = "node1 x2",
          .device = "cpu: test",
          .ranks = 2,
          .first_step = first_step,
          .versions = "{}",
          .reduction = "canonical"};
}

Metric metric(const std::string& name, double value, const std::string& extractor) {
  return {.name = name,
          .direction = "AtoB",
          .step = 40,
          .value = value,
          .n_real = 32,
          .n_fake = 32,
          .extractor = extractor,
          .extractor_digest = std::string(64, extractor.front()),
          .preprocessing = "uint8 RGB 64 px"};
}

StoredRun done_run(PlannedRun plan, double fid, double kid) {
  StoredRun run;
  run.plan = std::move(plan);
  run.state = RunState::kDone;
  run.attempts = 1;
  run.last_step = run.plan.total_steps;
  run.last_exit = ExitClass::kDone;
  run.train_seconds = 12.5;
  run.device = "cpu: test";
  run.reduction = "canonical";
  run.metrics = {metric("fid", fid), metric("kid", kid)};
  Metric halves = metric("fid", 21.5);
  halves.subject = Subject::kRealHalves;
  halves.n_real = halves.n_fake = 16;
  run.metrics.push_back(halves);
  run.metrics.push_back(metric("fid", 61.25));
  run.metrics.back().subject = Subject::kUntranslated;
  return run;
}

namespace {

StoredRun unfinished(PlannedRun plan, RunState state, int64_t step) {
  StoredRun run;
  run.plan = std::move(plan);
  run.state = state;
  run.attempts = state == RunState::kPlanned ? 0 : 1;
  run.last_step = step;
  return run;
}

}  // namespace

ReportInput sample_input() {
  ReportInput input{.folder = "out", .sweep = sample_sweep(), .runs = {}};
  std::vector<StoredRun>& runs = input.runs;
  runs.push_back(done_run(planned_run("a1", "cyclegan", 50, 1), 50.25, 0.051));
  runs.push_back(done_run(planned_run("a2", "cyclegan", 50, 2), 55.5, 0.0575));
  runs.push_back(done_run(planned_run("a3", "cyclegan", 50, 3), 47, 0.046));
  runs.push_back(done_run(planned_run("b1", "cyclegan", 100, 1), 41, 0.0401));
  runs.push_back(done_run(planned_run("b2", "cyclegan", 100, 2), 44.5, 0.043));
  runs.push_back(unfinished(planned_run("b3", "cyclegan", 100, 3), RunState::kFailed, 17));
  runs.back().last_exit = ExitClass::kNonFinite;
  runs.back().reason = "loss d_a is NaN at step 17";
  runs.push_back(done_run(planned_run("c1", "scgan", 50, 1), 39.5, 0.0352));
  runs.push_back(done_run(planned_run("c2", "scgan", 50, 2), 42.75, 0.039));
  runs.push_back(done_run(planned_run("c3", "scgan", 50, 3), 36, 0.033));
  runs.push_back(done_run(planned_run("d1", "scgan", 100, 1), 30.125, 0.0251));
  runs.push_back(unfinished(planned_run("d2", "scgan", 100, 2), RunState::kRunning, 12));
  runs.push_back(unfinished(planned_run("d3", "scgan", 100, 3), RunState::kPlanned, 0));
  return input;
}

void expect_approved(const std::string& received, const std::string& name) {
  const std::filesystem::path approved = std::filesystem::path(SCGAN_GOLDEN_DIR) / name;
  if (std::filesystem::exists(approved) && read_file(approved) == received) return;
  const std::filesystem::path file = std::filesystem::current_path() / (name + ".received");
  std::ofstream(file, std::ios::binary) << received;
  ADD_FAILURE() << "differs from " << approved << "; received " << file;
}

std::vector<std::string> rows(const std::filesystem::path& file, const std::string& sql) {
  const Database database = Database::open_read_only(file);
  Statement read(database, sql);
  std::vector<std::string> all;
  while (read.step()) all.push_back(read.text(0));
  return all;
}

}  // namespace scgan::results
