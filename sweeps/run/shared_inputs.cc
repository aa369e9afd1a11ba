#include "sweeps/run/shared_inputs.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/data/dataset_source.h"
#include "core/features/extractor_factory.h"

namespace scgan::sweeps {

RunInputs& SharedInputs::of(const RunSpec& spec) {
  const std::string key = inputs_key(spec);
  if (inputs_ && key_ == key) return *inputs_;
  inputs_.reset();  // free the memory before loading the next
  RunInputs inputs;
  inputs.data = DatasetSource(spec.data, cache_folder(plan_)).load();
  if (inputs.data.digest != spec.data.digest) {
    throw Error(ErrorKind::kData,
                fmt::format("{}: the images have changed since this job started", spec.data.root));
  }
  inputs.extractor = make_feature_extractor(spec.evaluate.extractor, spec.data.image_size, device_);
  inputs_.emplace(std::move(inputs));
  // Refers to the other members, which stay in place.
  inputs_->evaluator =
      std::make_unique<Evaluator>(spec.evaluate, inputs_->data, *inputs_->extractor);
  key_ = key;
  return *inputs_;
}

}  // namespace scgan::sweeps
