#include "results/verify/file_check.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/base/atomic_file.h"
#include "core/base/sha256.h"
#include "tests/results/verify/checked_folder.h"

namespace scgan::results {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class FileCheckTest : public CheckedFolder {
 protected:
  // A problem of this file of the first run.
  auto about(const std::string& name, const std::string& text) const {
    return AllOf(StartsWith("run " + id(0)), HasSubstr(path_of(0, name)), HasSubstr(text));
  }
};

TEST_F(FileCheckTest, AMissingFileIsNamed) {
  for (const char* name : {"netG_A.safetensors", "netG_B.safetensors", "features-AtoB.safetensors",
                           "features-BtoA.safetensors"}) {
    make({planned(spec(0))});
    std::filesystem::remove(file(0, name));
    EXPECT_THAT(problems(), ElementsAre(about(name, "is missing"))) << name;
  }
}

TEST_F(FileCheckTest, AFileWithoutContentIsNamed) {
  write_file_atomically(file(0, "netG_A.safetensors"), "");
  std::filesystem::remove(file(0, "netG_B.safetensors"));
  std::filesystem::create_directories(file(0, "netG_B.safetensors"));
  EXPECT_THAT(problems(), ElementsAre(about("netG_A.safetensors", "is empty"),
                                      about("netG_B.safetensors", "is not a file")));
}

TEST_F(FileCheckTest, AChangedByteIsNamed) {
  change_byte(file(0, "netG_A.safetensors"));
  EXPECT_THAT(problems(), ElementsAre(about("netG_A.safetensors", "was changed")));
}

// Nothing else says what the weights were.
TEST_F(FileCheckTest, AChangedByteWithItsDigestIsNotFound) {
  change_byte(file(0, "netG_A.safetensors"));
  accept(0, "netG_A.safetensors");
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(FileCheckTest, WeightsOfAnotherRunAreNamed) {
  std::filesystem::copy_file(file(1, "netG_A.safetensors"), file(0, "netG_A.safetensors"),
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_THAT(problems(), ElementsAre(about("netG_A.safetensors", "was changed"),
                                      about("netG_A.safetensors", "is a file of run " + id(1))));
  accept(0, "netG_A.safetensors");
  EXPECT_THAT(problems(), ElementsAre(about("netG_A.safetensors", "is a file of run " + id(1))));
}

TEST_F(FileCheckTest, SwappedGeneratorsAreNamed) {
  std::filesystem::rename(file(0, "netG_A.safetensors"), file(0, "x"));
  std::filesystem::rename(file(0, "netG_B.safetensors"), file(0, "netG_A.safetensors"));
  std::filesystem::rename(file(0, "x"), file(0, "netG_B.safetensors"));
  accept(0, "netG_A.safetensors");
  accept(0, "netG_B.safetensors");
  EXPECT_THAT(problems(), ElementsAre(about("netG_A.safetensors", "translates BtoA"),
                                      about("netG_B.safetensors", "translates AtoB")));
}

TEST_F(FileCheckTest, WeightsOfAnotherStepOrWithoutARunAreNamed) {
  write_tensors(file(0, "netG_A.safetensors"), {{"run_id", id(0)}, {"step", "39"}}, {});
  write_tensors(file(0, "netG_B.safetensors"), {{"step", "40"}}, {});
  accept(0, "netG_A.safetensors");
  accept(0, "netG_B.safetensors");
  EXPECT_THAT(problems(), ElementsAre(about("netG_A.safetensors", "is of step 39"),
                                      about("netG_B.safetensors", "does not name its run")));
}

TEST_F(FileCheckTest, ATruncatedFileWithItsDigestIsNamed) {
  const std::string bytes = read_file(file(0, "netG_A.safetensors"));
  write_file_atomically(file(0, "netG_A.safetensors"), bytes.substr(0, bytes.size() - 4));
  accept(0, "netG_A.safetensors");
  EXPECT_THAT(problems(), ElementsAre(about("netG_A.safetensors", "not a valid safetensors file")));
}

class CheckpointTest : public FileCheckTest {
 protected:
  static constexpr const char* kManifest = "checkpoint-00000007.json";
  static constexpr const char* kTensors = "checkpoint-00000007.safetensors";

  CheckpointTest() { make_unfinished(); }

  // Copies a file of the second run over that of the first.
  void take(const std::string& name) const {
    std::filesystem::copy_file(file(1, name), file(0, name),
                               std::filesystem::copy_options::overwrite_existing);
  }
};

TEST_F(CheckpointTest, CheckpointsOfUnfinishedRunsAreChecked) {
  const Verification found = verify(out());
  EXPECT_THAT(found.problems, IsEmpty());
  EXPECT_EQ(found.files, 2);
  EXPECT_EQ(found.runs.at(RunState::kPlanned), 2);
  EXPECT_EQ(found.scores, 0);
}

TEST_F(CheckpointTest, ACheckpointOfAnotherRunIsNamed) {
  take(kManifest);
  take(kTensors);
  EXPECT_THAT(problems(), ElementsAre(about(kManifest, "is a checkpoint of run " + id(1))));
}

TEST_F(CheckpointTest, TensorsOfAnotherRunAreNamed) {
  take(kTensors);
  EXPECT_THAT(problems(), ElementsAre(about(kManifest, "has the SHA-256")));
  auto manifest = nlohmann::json::parse(read_file(file(0, kManifest)));
  manifest["sha256"] = sha256_of_file(file(0, kTensors));
  write_file_atomically(file(0, kManifest), manifest.dump());
  EXPECT_THAT(problems(), ElementsAre(about(kManifest, "is a file of run " + id(1))));
}

TEST_F(CheckpointTest, ADamagedOrRenamedCheckpointIsNamed) {
  change_byte(file(0, kTensors));
  EXPECT_THAT(problems(), ElementsAre(about(kManifest, "has the SHA-256")));
  std::filesystem::remove(file(0, kTensors));
  EXPECT_THAT(problems(), ElementsAre(about(kManifest, "has no content")));
  write_file_atomically(file(0, kManifest), "{");
  EXPECT_THAT(problems(), ElementsAre(about(kManifest, "parse error")));
  take(kManifest);
  std::filesystem::rename(file(1, kManifest), file(1, "checkpoint-00000008.json"));
  std::filesystem::remove(file(0, kManifest));
  EXPECT_THAT(problems(), ElementsAre(AllOf(HasSubstr(path_of(1, "checkpoint-00000008.json")),
                                            HasSubstr("says that it is of step 7"))));
}

// Tensors without a manifest are not a checkpoint: the sweep was killed while it wrote them.
TEST_F(CheckpointTest, TensorsWithoutAManifestAreIgnored) {
  std::filesystem::remove(file(0, kManifest));
  EXPECT_THAT(problems(), IsEmpty());
}

}  // namespace
}  // namespace scgan::results
