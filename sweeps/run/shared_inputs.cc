#include "sweeps/run/shared_inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "core/data/data_cache.h"
#include "core/data/dataset_source.h"
#include "core/features/extractor_factory.h"
#include "core/spec/spec_keys.h"
#include "distributed/device.h"

namespace scgan::sweeps {
namespace {

// Decoded images are mapped, so that a rank has little memory of its own for each.
constexpr size_t kMostKept = 8;

}  // namespace

SharedInputs::SharedInputs(const JobPlan& plan, c10::Device device, const std::string& versions)
    : plan_(plan), device_(device), environment_(distributed::describe(device) + "\n" + versions) {}

RunInputs& SharedInputs::of(const RunSpec& spec) {
  std::string key = inputs_key(spec);
  if (const auto found = std::ranges::find(kept_, key, &Kept::key); found != kept_.end()) {
    kept_.splice(kept_.begin(), kept_, found);
    return kept_.front().inputs;
  }
  if (kept_.size() == kMostKept) kept_.pop_back();  // frees the memory before the next is loaded
  kept_.emplace_front();
  try {
    load(spec, kept_.front().inputs);
  } catch (...) {
    kept_.pop_front();
    throw;
  }
  kept_.front().key = std::move(key);
  return kept_.front().inputs;
}

void SharedInputs::load(const RunSpec& spec, RunInputs& inputs) const {
  inputs.data = DatasetSource(spec.data, cache_folder(plan_)).load();
  if (inputs.data.digest != spec.data.digest) {
    throw Error(ErrorKind::kData,
                fmt::format("{}: the images have changed since this job started", spec.data.root));
  }
  inputs.extractor = make_feature_extractor(spec.evaluate.extractor, spec.data.image_size, device_);
  // Refers to the other members, which stay in place.
  inputs.evaluator = std::make_unique<Evaluator>(spec.evaluate, inputs.data, *inputs.extractor,
                                                 reference_file(spec));
}

ReferenceFile SharedInputs::reference_file(const RunSpec& spec) const {
  std::string key = fmt::format("{}\nthreads {}\ndata {} {}\n", environment_, spec.train.threads,
                                spec.data.digest, pixels_key(spec.data));
  for (const SpecKey& one : spec_keys()) {
    const bool decides = one.path == "evaluate.extractor.kind" ||
                         one.path == "evaluate.extractor.variant" ||
                         one.path == "evaluate.batch_size" || one.path == "evaluate.directions";
    if (decides) key += fmt::format("{} {}\n", one.path, to_json(one.get(spec)));
  }
  key += spec.evaluate.extractor.digest;
  return {cache_folder(plan_), std::move(key)};
}

}  // namespace scgan::sweeps
