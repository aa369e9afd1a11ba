#include "results/verify/run_problems.h"

namespace scgan::results {

std::string run_name(const PlannedRun& run) {
  std::string labels = fmt::format("{}, {:g} %, seed {}", run.variant, run.percentage, run.seed);
  if (run.axes != "{}") labels += ", " + run.axes;
  return fmt::format("run {} ({})", run.id, labels);
}

std::string weights_path(const std::string& run_id, const std::string& network) {
  return fmt::format("runs/{}/{}.safetensors", run_id, network);
}

std::string features_path(const std::string& run_id, const std::string& direction) {
  return fmt::format("runs/{}/features-{}.safetensors", run_id, direction);
}

}  // namespace scgan::results
