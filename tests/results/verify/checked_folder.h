// CheckedFolder: a temporary output folder of two finished runs, as scgan_sweep writes it, with
// functions that change it. Its features have one number per image, so that its scores can be
// worked out by hand.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/spec/run_spec.h"
#include "results/store/records.h"
#include "results/verify/verify.h"
#include "tests/support/temp_dir.h"

namespace scgan::results {

// A tensor of float32 [n, columns].
struct Table {
  std::string name;
  std::vector<float> values;
  int64_t columns = 1;
};
using Metadata = std::map<std::string, std::string>;

// Writes a safetensors file with the tensors in the given order.
void write_tensors(const std::filesystem::path& file, const Metadata& metadata,
                   const std::vector<Table>& tables);

class CheckedFolder : public testing::Test {
 protected:
  static constexpr int64_t kSteps = 40;

  // Of run 0 and 1: they differ in the seed.
  static RunSpec spec(int64_t seed);

  CheckedFolder() { make({planned(spec(0)), planned(spec(1))}); }

  static PlannedRun planned(const RunSpec& spec);
  // Replaces the folder by one with these runs, all finished.
  void make(const std::vector<PlannedRun>& runs);
  // Replaces it by one whose runs are planned, and have a checkpoint after step 7.
  void make_unfinished();

  std::string id(size_t run) const { return ids_.at(run); }
  std::filesystem::path out() const { return folder_.path() / "out"; }
  // A file of the run.
  std::string path_of(size_t run, const std::string& name) const;
  std::filesystem::path file(size_t run, const std::string& name) const;

  // Changes the store as a program without foreign keys would.
  void sql(const std::string& statements) const;
  // Makes the store's digest of a file that of its content.
  void accept(size_t run, const std::string& name) const;
  void change_byte(const std::filesystem::path& file) const;

  std::vector<std::string> problems() const { return verify(out()).problems; }

  const std::vector<float> real_b_{0, 2, 1, 3}, fake_b_{5, 7, 6, 8};
  const std::vector<float> real_a_{4, 6, 5, 7}, fake_a_{3, 5, 4, 6};

 private:
  void write_plan(const std::vector<PlannedRun>& runs) const;
  std::vector<Artifact> write_files(const std::string& id) const;

  TempDir folder_;
  std::vector<std::string> ids_;
};

}  // namespace scgan::results
