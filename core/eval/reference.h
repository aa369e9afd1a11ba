// Reference: what the scores of all runs on a data set are compared with. It does not depend on the
// run, so a sweep computes it once and keeps it in a file.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "core/base/descriptor.h"
#include "core/eval/output_spread.h"
#include "core/spec/run_spec.h"

namespace scgan {

// Of one direction: the untranslated source images against the real target images, and the first
// n / 2 of the real target images against the last n / 2 (so that the tiles of a field of view stay
// together).
struct ReferencePoints {
  double fid_untranslated = 0, kid_untranslated = 0;
  double fid_real_halves = 0, kid_real_halves = 0;
  // With a known change (Dataset::known_change): of one half, with the other as the target.
  std::optional<double> recovered_real_halves;
};

struct Reference {
  // Of all test images of A and B, [n, D] float32.
  at::Tensor features_a, features_b;
  PixelVariance variance_a, variance_b;
  std::map<Direction, ReferencePoints> points;
};

// A file with a Reference, shared by all processes of a sweep. It may be deleted at any time.
class ReferenceFile {
 public:
  // Without a file: nothing is ever found or kept.
  ReferenceFile() = default;
  // The file reference-HASH.safetensors in `folder`, where HASH is of `key`: the text of everything
  // that decides the bits of a reference.
  ReferenceFile(const std::filesystem::path& folder, std::string key);

  // Returns nullopt if there is no file, or if it is damaged, which logs a warning.
  std::optional<Reference> load() const;

  // Replaces the file atomically and creates the folder. A failure is a warning.
  void save(const Reference& reference) const;

  // Locks the file against other processes; waits for up to 10 minutes. Closing the returned
  // descriptor releases the lock. Locks nothing where the file system has no locks; the descriptor
  // is empty if the file cannot be opened.
  Descriptor lock() const;

 private:
  std::filesystem::path file_;
  std::string key_;
};

}  // namespace scgan
