// CheckpointFolder: the checkpoints of a run. A checkpoint is checkpoint-<step>.safetensors and,
// written last as the commit record, checkpoint-<step>.json with the SHA-256 of the file. The
// newest two checkpoints are kept.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/safetensors.h"

namespace scgan {

class CheckpointFolder {
 public:
  // `run_id` is written into each checkpoint, and `metadata` (not its counters) too. A checkpoint
  // of another run is never loaded.
  CheckpointFolder(std::filesystem::path folder, std::string run_id,
                   std::map<std::string, std::string> metadata = {});

  // Writes both files atomically. Then removes all checkpoints, including incomplete ones, except
  // the newest two up to `step`. Throws Error(kStorage) without removing an earlier checkpoint.
  void save(int64_t step, const NamedTensors& tensors,
            const std::map<std::string, std::string>& counters) const;

  struct Loaded {
    int64_t step = 0;
    SafetensorsFile content;
  };
  // Returns the newest checkpoint whose digests match, or nullopt if there is none. Logs a warning
  // with the name of each damaged checkpoint and skips it.
  std::optional<Loaded> load_newest() const;

  // Returns the step of the newest commit record, without checking the content, or nullopt if there
  // is none.
  std::optional<int64_t> newest_step() const;

  // Removes all checkpoints, including incomplete ones. For a finished run.
  void clear() const;

 private:
  std::filesystem::path file(int64_t step, const char* extension) const;
  // The steps of the files with this extension, descending.
  std::vector<int64_t> steps(std::string_view extension) const;
  void remove_all_but(const std::vector<int64_t>& kept) const;
  SafetensorsFile verified(int64_t step) const;

  std::filesystem::path folder_;
  std::string run_id_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace scgan
