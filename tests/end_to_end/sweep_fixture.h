// SweepFixture: a folder with a tiny sweep file, functions that run the built programs in it, and
// functions that read their results.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/support/subprocess.h"
#include "tests/support/temp_dir.h"

namespace scgan::end_to_end {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

// A run of it takes about two seconds. Tests vary it with --set.
inline constexpr const char* kTinySweep = R"(name: tiny
data:
  kind: synthetic
  image_size: 64
  synthetic: {train_images: 8, test_images: 4}
sweep: {variants: [scgan], percentages: [100], seeds: [0]}
model: {generator_width: 4, generator_blocks: 1, discriminator_width: 4}
train: {epochs: 2, decay_epochs: 1, batch_size: 4, micro_batch: 1}
evaluate: {kid_subsets: 5}
run: {sample_images: 1}
)";

// The command of scgan_sweep, and its environment. 0 ranks: without mpirun.
Words sweep_words(int ranks, const Words& arguments);
std::map<std::string, std::string> sweep_environment();

// SHA-256, by path, of the files that must not depend on how a sweep was run: weights, features,
// loss curves.
using Digests = std::map<std::string, std::string>;
Digests result_digests(const fs::path& out);
// The same for every file below a folder.
Digests digests_below(const fs::path& folder);

// A CSV text without the columns `names`. No field before them may contain a comma.
std::string without_columns(const std::string& csv, const std::set<std::string>& names);

// The digests of a sweep of tiny.yaml that one process trains in another folder. `arguments` must
// name "out" as the output folder.
Digests undisturbed_digests(const Words& arguments);

// Two runs for three ranks. The third rank joins the longer one, which rank 0 leads.
inline const Words kARankMoves{"--set", "sweep.variants=[cyclegan_diffaug]",
                               "--set", "sweep.axes={train.steps: [64, 24]}",
                               "--set", "train.micro_batch=2",
                               "--set", "run.checkpoint_minutes=0.01"};
// Starts kARankMoves into `out` and stops the rank of the shorter run for a while. So that run
// would end last, and the third rank leaves the longer one for it; then this returns.
std::unique_ptr<Subprocess> started_until_a_rank_leaves(const Command& command,
                                                        const fs::path& out);

// All paths below `folder`, including folders.
std::vector<std::string> listing(const fs::path& folder);

// A row of `scgan_report --status`.
struct RunStatus {
  std::string variant, seed, state, step;
  int attempts = 0;
  bool operator==(const RunStatus&) const = default;
};
using Statuses = std::map<std::string, RunStatus>;  // by run id
Statuses statuses(const fs::path& out);

// The stored loss curves, one line per point.
std::string loss_curves(const fs::path& out);

// All attempts that have ended, in order, as "exit class: reason".
std::vector<std::string> attempt_ends(const fs::path& out);

// The step of the newest checkpoint of the only run in `out`; -1 if there is none.
int newest_checkpoint(const fs::path& out);

// The folder of the only run in `out`.
fs::path run_folder(const fs::path& out);

std::string read_text(const fs::path& file);
void write_text(const fs::path& file, const std::string& text);

class SweepFixture : public testing::Test {
 protected:
  SweepFixture();

  fs::path path(const std::string& name) const { return folder_.path() / name; }
  // Start the programs in the fixture's folder, where the sweep file is tiny.yaml.
  Command sweep_command(int ranks, const Words& arguments) const;
  Ended sweep(int ranks, const Words& arguments) const;
  Ended report(const Words& arguments) const;

 private:
  TempDir folder_;
};

}  // namespace scgan::end_to_end
