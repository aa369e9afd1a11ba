#include "sweeps/run/non_finite_batch.h"

#include <fmt/format.h>

#include <map>

#include "core/model/safetensors.h"

namespace scgan::sweeps {

void write_non_finite_batch(const std::filesystem::path& folder, const Batch& batch,
                            const StepReport& report, const std::string& problem) {
  std::map<std::string, std::string> facts{
      {"run_id", folder.filename().string()},
      {"step", std::to_string(report.step)},
      {"learning_rate", fmt::format("{}", report.learning_rate)},
      {"problem", problem}};
  for (const auto& [loss, name] : kLosses) {
    facts[fmt::format("loss.{}", name)] = fmt::format("{}", report.losses[loss]);
  }
  const auto file = folder / fmt::format("non_finite-{:08}.safetensors", report.step);
  write_safetensors(file, {{"a", batch.a}, {"b", batch.b}}, facts);
}

}  // namespace scgan::sweeps
