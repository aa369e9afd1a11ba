// scgan_report --verify on a folder that scgan_sweep wrote, and on copies of it that were changed.
#include <fmt/format.h>

#include <memory>

#include "core/base/sha256.h"
#include "results/store/sqlite.h"
#include "tests/end_to_end/sweep_fixture.h"

namespace scgan::end_to_end {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// Trains once: "done", two runs in both directions with scores during training, and "stopped", the
// same runs with the first one interrupted.
class Verify : public SweepFixture {
 protected:
  static void SetUpTestSuite() {
    sweeps_ = std::make_unique<TempDir>();
    const fs::path folder = sweeps_->path();
    write_text(folder / "tiny.yaml", kTinySweep);
    const Words both{"tiny.yaml",
                     "--set",
                     "sweep.seeds=[0, 1]",
                     "--set",
                     "evaluate.directions=[AtoB, BtoA]",
                     "--set",
                     "evaluate.every_epochs=2"};
    Words done = both, stopped = both;
    done.insert(done.end(), {"--out", "done"});
    stopped.insert(stopped.end(), {"--out", "stopped", "--stop-after", "0.00001"});
    const Ended trained = run({sweep_words(0, done), sweep_environment(), folder});
    ASSERT_EQ(trained.exit_code, 0) << trained.text();
    const Ended broken_off = run({sweep_words(0, stopped), sweep_environment(), folder});
    ASSERT_EQ(broken_off.exit_code, 75) << broken_off.text();
  }
  static void TearDownTestSuite() { sweeps_.reset(); }

  Verify() { take("done"); }

  // Makes "out" a copy of a trained folder.
  void take(const std::string& name) {
    fs::remove_all(path("out"));
    fs::copy(sweeps_->path() / name, path("out"), fs::copy_options::recursive);
    ids_ = column("SELECT id FROM run ORDER BY position");
  }

  std::vector<std::string> column(const std::string& sql) const {
    const auto store = results::Database::open_read_only(path("out") / "results.db");
    results::Statement read(store, sql);
    std::vector<std::string> values;
    while (read.step()) values.push_back(read.text(0));
    return values;
  }
  // As the program sqlite3 does, without foreign keys.
  void sql(const std::string& statements) const {
    auto store = results::Database::open(path("out") / "results.db");
    store.execute("PRAGMA foreign_keys = OFF; " + statements);
  }
  fs::path file(size_t run, const std::string& name) const {
    return path("out") / "runs" / ids_.at(run) / name;
  }
  // Makes the store's digest of a file of the first run that of its content.
  void accept(const std::string& name) const {
    sql(fmt::format("UPDATE artifact SET sha256 = '{}' WHERE path = 'runs/{}/{}'",
                    sha256_of_file(file(0, name)), ids_[0], name));
  }
  void copy_from_other_run(const std::string& name) const {
    fs::copy_file(file(1, name), file(0, name), fs::copy_options::overwrite_existing);
  }

  // The problems must be found, and the first one must be of this file of the first run.
  void expect_found(const std::string& name, const std::string& text) const {
    const Ended ended = report({"out", "--verify"});
    EXPECT_EQ(ended.exit_code, 1) << ended.text();
    const std::string run = fmt::format("run {} (scgan, 100 %, seed 0)", ids_[0]);
    EXPECT_THAT(ended.out.substr(0, ended.out.find('\n')),
                AllOf(HasSubstr(run), HasSubstr(name), HasSubstr(text)));
  }

  static std::unique_ptr<TempDir> sweeps_;
  std::vector<std::string> ids_;
};

std::unique_ptr<TempDir> Verify::sweeps_;

TEST_F(Verify, AnUnchangedFolderIsSound) {
  const auto before = digests_below(path("out"));
  const Ended ended = report({"out", "--verify"});
  EXPECT_EQ(ended.exit_code, 0) << ended.text();
  const std::string text = report({"out"}).out;
  const std::string label = "Sweep tiny: plan ";
  const size_t digest = text.find(label);
  ASSERT_NE(digest, std::string::npos) << text;
  EXPECT_THAT(
      ended.out,
      AllOf(HasSubstr("verified: 2 of 2 runs done, 0 failed, 0 running, 0 to do; "),
            HasSubstr("plan digest " + text.substr(digest + label.size(), 16) + ";"),
            // Per direction: FID, KID and its subset mean, the untranslated images and the
            // halves by FID and KID, and the length of the features.
            HasSubstr(" 12 files, 32 scores recomputed; 0 problems\n"),
            HasSubstr("4 output_spread"), HasSubstr("4 recovered_change"),
            HasSubstr("scores during training"), Not(HasSubstr("fid of untranslated images"))));
  EXPECT_EQ(digests_below(path("out")), before) << "it must not write";
}

TEST_F(Verify, AStoppedSweepIsSound) {
  take("stopped");
  const Ended ended = report({"out", "--verify"});
  EXPECT_EQ(ended.exit_code, 0) << ended.text();
  EXPECT_THAT(ended.out, ContainsRegex("verified: 0 of 2 runs done, 0 failed, 0 running, 2 to do; "
                                       "plan digest [0-9a-f]{16}; 1 file, 0 scores"));
}

TEST_F(Verify, ARemovedFileIsNamed) {
  fs::remove(file(0, "features-BtoA.safetensors"));
  expect_found("features-BtoA.safetensors", "is missing");
}

TEST_F(Verify, AnEditedScoreIsNamed) {
  sql(fmt::format(
      "UPDATE metric SET value = value * 0.999 WHERE run_id = '{}' AND name = 'kid' AND "
      "subject = 'untranslated' AND direction = 'BtoA'",
      ids_[0]));
  expect_found("features-BtoA.safetensors", "gives kid of untranslated images of BtoA");
}

TEST_F(Verify, EditedWeightsAreNamed) {
  std::string bytes = read_text(file(0, "netG_B.safetensors"));
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  write_text(file(0, "netG_B.safetensors"), bytes);
  expect_found("netG_B.safetensors", "was changed");
}

TEST_F(Verify, AMissingRunIsNamed) {
  sql(fmt::format("DELETE FROM run WHERE id = '{}'", ids_[0]));
  const Ended ended = report({"out", "--verify"});
  EXPECT_EQ(ended.exit_code, 1) << ended.text();
  EXPECT_THAT(ended.out,
              HasSubstr(fmt::format("run {} (scgan, 100 %, seed 0): is in plan.json, but "
                                    "not in the plan of results.db: its row was deleted",
                                    ids_[0])));
}

TEST_F(Verify, AForeignCheckpointIsNamed) {
  const std::string other = ids_[1];
  take("stopped");
  for (const char* name : {"checkpoint-00000001.json", "checkpoint-00000001.safetensors"}) {
    std::string bytes = read_text(file(0, name));
    for (size_t at = 0; (at = bytes.find(ids_[0], at)) != std::string::npos;) {
      bytes.replace(at, other.size(), other);
    }
    write_text(file(0, name), bytes);
  }
  expect_found("checkpoint-00000001.json", "is a checkpoint of run " + other);
}

TEST_F(Verify, WeightsOfAnotherRunWithTheirDigestAreNamed) {
  copy_from_other_run("netG_A.safetensors");
  accept("netG_A.safetensors");
  expect_found("netG_A.safetensors", "is a file of run " + ids_[1]);
}

TEST_F(Verify, FeaturesOfAnotherRunWithTheirDigestAreNamed) {
  copy_from_other_run("features-AtoB.safetensors");
  accept("features-AtoB.safetensors");
  expect_found("features-AtoB.safetensors", "is a file of run " + ids_[1]);
}

TEST_F(Verify, AnEditedSpecIsNamed) {
  sql(fmt::format(
      R"(UPDATE run SET spec = json_replace(spec, '$."train.epochs"', 9) WHERE id = '{}')",
      ids_[0]));
  expect_found("plan.json", "train.epochs is 2 in plan.json and 9 in results.db");
  EXPECT_THAT(report({"out", "--verify"}).out, HasSubstr("its spec hashes to"));
}

TEST_F(Verify, TruncatedFeaturesAreNamed) {
  fs::resize_file(file(0, "features-AtoB.safetensors"), 500);
  accept("features-AtoB.safetensors");
  expect_found("features-AtoB.safetensors", "not a valid safetensors file");
}

TEST_F(Verify, AFeatureThatIsNoNumberIsNamed) {
  std::string bytes = read_text(file(0, "features-AtoB.safetensors"));
  bytes.replace(bytes.size() - 4, 4, "\xff\xff\xff\x7f");  // a NaN in float32
  write_text(file(0, "features-AtoB.safetensors"), bytes);
  accept("features-AtoB.safetensors");
  expect_found("features-AtoB.safetensors", "is not a finite number");
}

TEST_F(Verify, AFolderWithoutAStoreIsBadInput) {
  const Ended ended = report({"elsewhere", "--verify"});
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_THAT(ended.err, HasSubstr("elsewhere: has no results.db"));
  EXPECT_THAT(ended.out, IsEmpty());
}

}  // namespace
}  // namespace scgan::end_to_end
