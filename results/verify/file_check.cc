#include "results/verify/file_check.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/safetensors_header.h"
#include "core/base/sha256.h"

namespace scgan::results {
namespace {

using Path = std::filesystem::path;

constexpr std::string_view kTensors = ".safetensors";

// The value of a key in the metadata; empty if there is none.
std::string value_of(const SafetensorsHeader& header, const char* key) {
  const auto found = header.metadata.find(key);
  return found == header.metadata.end() ? "" : found->second;
}

// Empty if the file names the run.
std::string foreign_text(const SafetensorsHeader& header, const std::string& run_id) {
  const std::string named = value_of(header, "run_id");
  if (named == run_id) return "";
  if (named.empty()) return "does not name its run";
  return "is a file of run " + named;
}

void check_header(const Path& folder, const StoredRun& run, const std::string& path,
                  RunProblems& problems) {
  const SafetensorsHeader header = open_safetensors(folder / path).header;
  if (const auto foreign = foreign_text(header, run.plan.id); !foreign.empty()) {
    problems.add("{}: {}", path, foreign);
  }
  // Versions that stored it wrote it into both generators.
  const std::string direction = value_of(header, "direction");
  const bool is_a = path == weights_path(run.plan.id, "netG_A");
  if (!direction.empty() && direction != (is_a ? "AtoB" : "BtoA")) {
    problems.add("{}: translates {}, which is the other generator's direction", path, direction);
  }
  const std::string step = value_of(header, "step");
  const int64_t scored = run.metrics.empty() ? run.plan.total_steps : run.metrics.front().step;
  // Former versions wrote the last step, also with the best weights.
  const std::set<std::string> right{std::to_string(scored), std::to_string(run.plan.total_steps)};
  if (!right.contains(step)) {
    problems.add("{}: is of step {}, the scores are of step {}", path,
                 step.empty() ? "unknown" : step, scored);
  }
}

// Empty if it is a file with content.
std::string no_content(const Path& file) {
  std::error_code failed;
  const auto status = std::filesystem::status(file, failed);
  if (status.type() == std::filesystem::file_type::not_found) {
    return "is missing; scgan_sweep --redo-missing trains its run again";
  }
  if (failed) return "cannot be read: " + failed.message();
  if (status.type() != std::filesystem::file_type::regular) return "is not a file";
  return std::filesystem::file_size(file, failed) == 0 && !failed ? "is empty" : "";
}

// Removed by the sweep while it was read: the manifest goes first.
bool was_removed(const Path& manifest) {
  std::error_code unknown;
  return !std::filesystem::exists(manifest, unknown) && !unknown;
}

// Throws what reading and parsing throw.
std::string checkpoint_problem(const Path& manifest, const std::string& run_id) {
  const auto json = nlohmann::json::parse(read_file(manifest));
  if (const auto named = json.at("run_id").get<std::string>(); named != run_id) {
    return "is a checkpoint of run " + named;
  }
  const std::string stem = manifest.stem().string();
  if (stem != fmt::format("checkpoint-{:08}", json.at("step").get<int64_t>())) {
    return fmt::format("says that it is of step {}", json.at("step").dump());
  }
  const Path tensors = Path(manifest).replace_extension(kTensors);
  const std::string name = tensors.filename().string();
  if (const std::string nothing = no_content(tensors); !nothing.empty()) {
    return fmt::format("is not a checkpoint: {} has no content", name);
  }
  const std::string digest = sha256_of_file(tensors);
  if (json.at("sha256") != digest) {
    return fmt::format("{} has the SHA-256 {}, not {}", name, digest,
                       json.at("sha256").get<std::string>());
  }
  const std::string foreign = foreign_text(open_safetensors(tensors).header, run_id);
  return foreign.empty() ? "" : fmt::format("{} {}", name, foreign);
}

std::vector<Path> manifests(const Path& folder) {
  std::vector<Path> files;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failed)) {
    const Path& file = entry.path();
    if (file.extension() == ".json" && file.filename().string().starts_with("checkpoint-")) {
      files.push_back(file);
    }
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace

Sentences check_artifact(const Path& folder, const StoredRun& run, const Artifact& artifact) {
  RunProblems problems(run.plan);
  const Path file = folder / artifact.path;
  if (const std::string nothing = no_content(file); !nothing.empty()) {
    problems.add("{}: {}", artifact.path, nothing);
    return problems.take();
  }
  try {
    if (const std::string digest = sha256_of_file(file); digest != artifact.sha256) {
      problems.add("{}: was changed: its SHA-256 is {}, results.db has {}", artifact.path, digest,
                   artifact.sha256);
    }
    if (artifact.path.ends_with(kTensors)) check_header(folder, run, artifact.path, problems);
  } catch (const Error& problem) {
    problems.add("{}", problem.what());
  }
  return problems.take();
}

CheckpointCheck check_checkpoints(const Path& folder, const std::string& run_id,
                                  const std::string& name) {
  CheckpointCheck check;
  for (const Path& manifest : manifests(folder / "runs" / run_id)) {
    std::string problem;
    try {
      problem = checkpoint_problem(manifest, run_id);
    } catch (const std::exception& failure) {
      problem = failure.what();
    }
    if (!problem.empty() && was_removed(manifest)) continue;
    ++check.files;
    if (problem.empty()) continue;
    check.problems.push_back(
        fmt::format("{}: runs/{}/{}: {}", name, run_id, manifest.filename().string(), problem));
  }
  return check;
}

}  // namespace scgan::results
