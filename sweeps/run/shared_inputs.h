// SharedInputs: what the runs of a rank share: decoded images, extractor, reference of the scores.
#pragma once

#include <c10/core/Device.h>

#include <list>
#include <memory>
#include <string>

#include "core/data/dataset.h"
#include "core/eval/evaluator.h"
#include "core/features/feature_extractor.h"
#include "sweeps/run/job_plan.h"

namespace scgan::sweeps {

struct RunInputs {
  Dataset data;
  std::unique_ptr<FeatureExtractor> extractor;
  std::unique_ptr<Evaluator> evaluator;
};

class SharedInputs {
 public:
  // `plan` must outlive this. Extractors compute on `device`. `versions` names everything else that
  // the bits of a computation depend on.
  SharedInputs(const JobPlan& plan, c10::Device device, const std::string& versions);

  // The inputs of a run of the plan, valid until the next call. Those of the last few different
  // runs are kept, so that runs which differ in their data or extractor may alternate. Throws
  // Error(kData) if a file cannot be read or the images have changed since the job started.
  RunInputs& of(const RunSpec& spec);

 private:
  struct Kept {
    std::string key;
    RunInputs inputs;
  };

  void load(const RunSpec& spec, RunInputs& inputs) const;
  ReferenceFile reference_file(const RunSpec& spec) const;

  const JobPlan& plan_;
  c10::Device device_;
  std::string environment_;
  // The last used first.
  std::list<Kept> kept_;
};

}  // namespace scgan::sweeps
