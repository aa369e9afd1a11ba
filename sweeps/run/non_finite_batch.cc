#include "sweeps/run/non_finite_batch.h"

#include <fmt/format.h>

#include "core/model/safetensors.h"

namespace scgan::sweeps {

void write_non_finite_batch(const std::filesystem::path& folder, const Batch& batch, int64_t step,
                            const std::string& problem) {
  const auto file = folder / fmt::format("non_finite-{:08}.safetensors", step);
  write_safetensors(file, {{"a", batch.a}, {"b", batch.b}},
                    {{"run_id", folder.filename().string()},
                     {"step", std::to_string(step)},
                     {"problem", problem}});
}

}  // namespace scgan::sweeps
