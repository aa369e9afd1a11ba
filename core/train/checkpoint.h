// Checkpoints of a run in its folder: checkpoint-<step>.safetensors and, written last as the commit
// record, checkpoint-<step>.json with the SHA-256 of the file and of every tensor. The last two are
// kept.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/safetensors.h"

namespace scgan {

class CheckpointFolder {
 public:
  // `run_id` is written into each checkpoint; one of another run is never loaded.
  CheckpointFolder(std::filesystem::path folder, std::string run_id);

  // Writes both files atomically, then removes all but the newest two up to this step, what killed
  // writers left included. Throws Error(kStorage); the earlier checkpoints are then still there.
  void save(int64_t step, const NamedTensors& tensors,
            const std::map<std::string, std::string>& counters) const;

  struct Loaded {
    int64_t step = 0;
    SafetensorsFile content;
  };
  // The newest one whose digests hold; damaged ones are warned about by name and passed over.
  // Nothing there: nullopt.
  std::optional<Loaded> load_newest() const;

  // Step of the newest commit record, without checking the content; nullopt if none.
  std::optional<int64_t> newest_step() const;

  // Removes all checkpoints and what is left of some: the run is done.
  void clear() const;

 private:
  std::filesystem::path file(int64_t step, const char* extension) const;
  std::vector<int64_t> steps(std::string_view extension) const;  // of such files, descending
  void remove_all_but(const std::vector<int64_t>& kept) const;
  SafetensorsFile verified(int64_t step) const;

  std::filesystem::path folder_;
  std::string run_id_;
};

}  // namespace scgan
