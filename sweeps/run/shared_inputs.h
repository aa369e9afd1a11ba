// SharedInputs: what consecutive runs share on a rank: decoded images, extractor, features of the
// real images. It is loaded again only when a run needs other inputs.
#pragma once

#include <c10/core/Device.h>

#include <memory>
#include <optional>
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
  // `plan` must outlive this. Extractors compute on `device`.
  SharedInputs(const JobPlan& plan, c10::Device device) : plan_(plan), device_(device) {}

  // The inputs of a run of the plan, valid until the next call. Throws Error(kData) if a file
  // cannot be read or the images have changed since the job started.
  RunInputs& of(const RunSpec& spec);

 private:
  const JobPlan& plan_;
  c10::Device device_;
  std::string key_;
  std::optional<RunInputs> inputs_;
};

}  // namespace scgan::sweeps
