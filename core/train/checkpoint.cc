#include "core/train/checkpoint.h"

#include <fmt/format.h>
#include <fmt/std.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/sha256.h"

namespace scgan {
namespace {

constexpr size_t kCheckpointsKept = 2;
constexpr std::string_view kPrefix = "checkpoint-";
constexpr const char* kTensors = ".safetensors";
constexpr const char* kManifest = ".json";

}  // namespace

CheckpointFolder::CheckpointFolder(std::filesystem::path folder, std::string run_id,
                                   std::map<std::string, std::string> metadata)
    : folder_(std::move(folder)), run_id_(std::move(run_id)), metadata_(std::move(metadata)) {}

std::filesystem::path CheckpointFolder::file(int64_t step, const char* extension) const {
  return folder_ / fmt::format("{}{:08}{}", kPrefix, step, extension);
}

std::vector<int64_t> CheckpointFolder::steps(std::string_view extension) const {
  std::vector<int64_t> found;
  if (!std::filesystem::is_directory(folder_)) return found;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kPrefix) || entry.path().extension() != extension) continue;
    int64_t step = -1;
    const std::string stem = entry.path().stem().string();
    const char* end = stem.data() + stem.size();
    const auto parsed = std::from_chars(stem.data() + kPrefix.size(), end, step);
    if (parsed.ec == std::errc() && parsed.ptr == end) found.push_back(step);
  }
  std::sort(found.begin(), found.end(), std::greater<>());
  return found;
}

// Removes the commit records first: without its record, a tensor file is not a checkpoint.
void CheckpointFolder::remove_all_but(const std::vector<int64_t>& kept) const {
  for (const char* extension : {kManifest, kTensors}) {
    for (const int64_t step : steps(extension)) {
      std::error_code ignored;  // a remaining checkpoint does no harm
      if (std::find(kept.begin(), kept.end(), step) == kept.end()) {
        std::filesystem::remove(file(step, extension), ignored);
      }
    }
  }
}

void CheckpointFolder::save(int64_t step, const NamedTensors& tensors,
                            const std::map<std::string, std::string>& counters) const {
  auto metadata = counters;
  metadata.insert(metadata_.begin(), metadata_.end());
  metadata["run_id"] = run_id_;
  write_safetensors(file(step, kTensors), tensors, metadata);
  nlohmann::json manifest;
  manifest["run_id"] = run_id_;
  manifest["step"] = step;
  manifest["sha256"] = sha256_of_file(file(step, kTensors));
  try {
    write_file_atomically(file(step, kManifest), manifest.dump(1) + "\n");
  } catch (const Error&) {
    // Without a manifest, the tensor file is not a checkpoint.
    std::error_code ignored;
    std::filesystem::remove(file(step, kTensors), ignored);
    throw;
  }

  // A later checkpoint must be damaged, because the run resumed from an earlier one.
  auto kept = steps(kManifest);
  std::erase_if(kept, [step](int64_t other) { return other > step; });
  kept.resize(std::min(kept.size(), kCheckpointsKept));
  remove_all_but(kept);
}

SafetensorsFile CheckpointFolder::verified(int64_t step) const {
  const auto manifest = nlohmann::json::parse(read_file(file(step, kManifest)));
  if (manifest.at("run_id") != run_id_) {
    throw Error(ErrorKind::kData,
                fmt::format("it belongs to run {}", manifest.at("run_id").dump()));
  }
  const auto path = file(step, kTensors);
  if (manifest.at("sha256") != sha256_of_file(path)) {
    throw Error(ErrorKind::kData,
                fmt::format("{}: its SHA-256 does not match the recorded one", path.string()));
  }
  return read_safetensors(path);
}

std::optional<CheckpointFolder::Loaded> CheckpointFolder::load_newest() const {
  const auto all = steps(kManifest);
  for (const int64_t step : all) {
    try {
      return Loaded{step, verified(step)};
    } catch (const std::exception& problem) {
      log::warn("{}: not usable, {}: {}", file(step, kManifest).string(),
                step == all.back() ? "the run starts from step 0" : "the previous one is used",
                problem.what());
    }
  }
  return std::nullopt;
}

std::optional<int64_t> CheckpointFolder::newest_step() const {
  const auto all = steps(kManifest);
  if (all.empty()) return std::nullopt;
  return all.front();
}

void CheckpointFolder::clear() const { remove_all_but({}); }

}  // namespace scgan
