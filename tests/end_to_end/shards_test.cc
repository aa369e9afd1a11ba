// A sweep whose shards are trained by jobs of their own has the files and the report of one job.
#include <png.h>

#include <algorithm>
#include <cstdint>
#include <stdexcept>

#include "tests/end_to_end/sweep_fixture.h"

namespace scgan::end_to_end {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr int kBadInput = 2;

// Four runs, of two lengths.
const Words kFourRuns{"tiny.yaml", "--set", "sweep.seeds=[0, 1]", "--set",
                      "sweep.axes={train.steps: [2, 5]}"};

// 64 px, grey, different for every number.
void write_image(const fs::path& file, size_t number) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = 64;
  image.height = 64;
  image.format = PNG_FORMAT_GRAY;
  std::vector<uint8_t> pixels(PNG_IMAGE_SIZE(image));
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(i * (number + 3));
  if (png_image_write_to_file(&image, file.c_str(), 0, pixels.data(), 0, nullptr) == 0) {
    throw std::runtime_error(image.message);
  }
}

Words with(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

class Shards : public SweepFixture {
 protected:
  Words shard(const std::string& shard, const Words& more = {}) const {
    return with(with(kFourRuns, {"--out", "out", "--shard", shard}), more);
  }
  void train(const std::string& name) const {
    const Ended ended = sweep(0, shard(name));
    ASSERT_EQ(ended.exit_code, 0) << ended.text();
  }
  // All shards' results, by their paths below the shards' folders. No run may be in two.
  Digests all_digests() const {
    Digests all;
    for (const auto& entry : fs::directory_iterator(path("out") / "shards")) {
      for (const auto& [file, digest] : result_digests(entry.path())) {
        EXPECT_TRUE(all.emplace(file, digest).second) << file << " is in two shards";
      }
    }
    return all;
  }
  std::string report_text(const Words& words) const {
    const Ended ended = report(words);
    EXPECT_EQ(ended.exit_code, 0) << ended.text();
    return ended.out;
  }
};

TEST_F(Shards, AreTogetherTheSameFilesAndTheSameReportAsOneJob) {
  ASSERT_EQ(sweep(0, with(kFourRuns, {"--out", "one"})).exit_code, 0);
  train("3/3");
  EXPECT_FALSE(fs::exists(path("out") / "results.db"));
  {  // two jobs at once
    Subprocess first(sweep_command(0, shard("1/3")));
    Subprocess second(sweep_command(2, shard("2/3")));
    EXPECT_EQ(first.wait(std::chrono::minutes(2)).exit_code, 0);
    EXPECT_EQ(second.wait(std::chrono::minutes(2)).exit_code, 0);
  }
  const Digests expected = result_digests(path("one"));
  EXPECT_EQ(expected.size(), 4U * 5) << "4 runs with 5 files each";
  EXPECT_EQ(all_digests(), expected);

  EXPECT_EQ(report_text({"out"}), report_text({"one"}));
  for (const char* folder : {"one", "out"}) {
    report_text({folder, "--output", std::string("report_") + folder, "--format", "markdown,json"});
  }
  EXPECT_EQ(digests_below(path("report_out")), digests_below(path("report_one")));
  EXPECT_EQ(statuses(path("out")), statuses(path("one")));
  const Ended verified = report({"out", "--verify"});
  EXPECT_EQ(verified.exit_code, 0) << verified.text();
  const std::string one = report_text({"one", "--verify"});
  EXPECT_EQ(verified.out, one);
}

TEST_F(Shards, ThatStartAtOnceShareTheDecodedImages) {
  size_t number = 0;
  for (const char* split : {"trainA", "trainB", "testA", "testB"}) {
    fs::create_directories(path("images") / split);
    for (const char* name : {"0.png", "1.png", "2.png", "3.png"}) {
      write_image(path("images") / split / name, number++);
    }
  }
  const Words images{"--set", "data.kind=folders", "--set", "data.root=images"};
  {
    Subprocess first(sweep_command(0, shard("1/2", images)));
    Subprocess second(sweep_command(0, shard("2/2", images)));
    EXPECT_EQ(first.wait(std::chrono::minutes(2)).exit_code, 0);
    EXPECT_EQ(second.wait(std::chrono::minutes(2)).exit_code, 0);
  }
  const auto cached = listing(path("out") / "cache");
  EXPECT_EQ(std::ranges::count_if(
                cached, [](const std::string& name) { return name.starts_with("images-"); }),
            1);
  ASSERT_EQ(sweep(0, with(with(kFourRuns, {"--out", "one"}), images)).exit_code, 0);
  EXPECT_EQ(all_digests(), result_digests(path("one")));
  EXPECT_EQ(digests_below(path("out") / "cache"), digests_below(path("one") / "cache"));
}

TEST_F(Shards, AMissingShardIsNamedAndItsRunsAreToDo) {
  train("1/2");
  for (const Words& words : {Words{"out"}, Words{"out", "--status"}}) {
    EXPECT_THAT(report_text(words),
                AllOf(HasSubstr("2 of 4 runs done, 0 failed, 0 running, 2 to do"),
                      HasSubstr("Shard 2 of 2 has no store: 2 of 4 runs are not started.")));
  }
  const Ended verified = report({"out", "--verify"});
  EXPECT_EQ(verified.exit_code, 1) << verified.text();
  EXPECT_THAT(verified.out,
              AllOf(HasSubstr("shard 2 of 2 has no store"), HasSubstr("verified: 2 of 4 runs done"),
                    HasSubstr("; 1 problem\n")));
  train("2/2");
  EXPECT_THAT(report_text({"out"}),
              AllOf(HasSubstr("4 of 4 runs done"), Not(HasSubstr("no store"))));
}

TEST_F(Shards, DamageInOneShardIsFound) {
  train("1/2");
  train("2/2");
  const fs::path folder = path("out") / "shards" / "2-of-2";
  write_text(run_folder(folder) / "netG_A.safetensors", "damaged");
  const Ended verified = report({"out", "--verify"});
  EXPECT_EQ(verified.exit_code, 1) << verified.text();
  EXPECT_THAT(verified.out, AllOf(HasSubstr("shard 2-of-2: "), HasSubstr("netG_A.safetensors")));
}

TEST_F(Shards, OfAnotherDivisionOrWithoutShardsAreRefused) {
  train("1/2");
  const Words other_division = shard("1/3");
  const Words undivided = with(kFourRuns, {"--out", "out"});
  for (const Words& words : {other_division, undivided}) {
    const Ended refused = sweep(0, words);
    EXPECT_EQ(refused.exit_code, kBadInput) << refused.text();
    EXPECT_THAT(refused.err, HasSubstr("--shard I/2"));
  }
  EXPECT_FALSE(fs::exists(path("out") / "shards" / "1-of-3"));
  // As copied from elsewhere.
  fs::copy(path("out") / "shards" / "1-of-2", path("out") / "shards" / "1-of-3",
           fs::copy_options::recursive);
  const Ended mixed = report({"out"});
  EXPECT_EQ(mixed.exit_code, kBadInput) << mixed.text();
  EXPECT_THAT(mixed.err, HasSubstr("different divisions"));
}

TEST_F(Shards, OfAnotherPlanAndDoubledRunsAreReported) {
  train("1/2");
  fs::copy(path("out") / "shards" / "1-of-2", path("out") / "shards" / "2-of-2",
           fs::copy_options::recursive);
  const std::string doubled = report_text({"out"});
  EXPECT_THAT(doubled, AllOf(HasSubstr("its shard.json is of shard 1 of 2"),
                             HasSubstr("is in the plans of both shard 1 and shard 2"),
                             HasSubstr("2 of 4 runs done")));
  fs::remove_all(path("out") / "shards" / "2-of-2");
  const Ended more = sweep(0, shard("2/2", {"--set", "sweep.seeds=[0, 1, 2]"}));
  EXPECT_EQ(more.exit_code, 0) << more.text();
  EXPECT_THAT(more.err, HasSubstr("has another plan of this sweep, with 4 runs instead of 6"));
  EXPECT_THAT(report_text({"out"}), HasSubstr("has another plan (sweep \"tiny\", 6 runs)"));
}

TEST_F(Shards, ADryRunSaysTheShardsPartAndWritesNothing) {
  const Ended ended = sweep(0, shard("2/2", {"--dry-run"}));
  EXPECT_EQ(ended.exit_code, 0) << ended.text();
  EXPECT_THAT(ended.out,
              HasSubstr("shard 2 of 2: 2 of 4 runs, 50 % of the expected work\n2 runs: "));
  EXPECT_FALSE(fs::exists(path("out")));
}

TEST_F(Shards, WithoutRunsEndAtOnce) {
  const Ended ended = sweep(2, shard("5/5"));
  EXPECT_EQ(ended.exit_code, 0) << ended.text();
  EXPECT_THAT(ended.out, HasSubstr("0 of 0 runs done"));
  EXPECT_EQ(sweep(0, shard("5/5", {"--dry-run"})).exit_code, 0);
}

TEST_F(Shards, AWrongNumberIsBadInput) {
  const Ended ended = sweep(0, shard("3/2"));
  EXPECT_EQ(ended.exit_code, kBadInput) << ended.text();
  EXPECT_THAT(ended.err, HasSubstr("--shard: 3/2: expected I/K"));
}

// The shard's checkpoint is in its own folder.
TEST_F(Shards, AStoppedShardContinues) {
  const Ended stopped = sweep(0, shard("1/2", {"--stop-after", "0.00001"}));
  EXPECT_EQ(stopped.exit_code, 75) << stopped.text();
  train("1/2");
  train("2/2");
  ASSERT_EQ(sweep(0, with(kFourRuns, {"--out", "one"})).exit_code, 0);
  EXPECT_EQ(all_digests(), result_digests(path("one")));
}

}  // namespace
}  // namespace scgan::end_to_end
