#include "core/train/checkpoint.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <string>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/train/checkpoint_writer.h"
#include "tests/support/temp_dir.h"

namespace scgan {
namespace {

NamedTensors weights(double value) { return {{"w", at::full({3}, value, at::kFloat)}}; }

void flip_last_byte(const std::filesystem::path& file) {
  std::string bytes = read_file(file);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  write_file_atomically(file, bytes);
}

class CheckpointTest : public ::testing::Test {
 protected:
  double newest() const {
    return folder_.load_newest()->content.tensors[0].second[0].item<double>();
  }
  std::filesystem::path file(const char* name) const { return temp_.path() / name; }

  TempDir temp_;
  CheckpointFolder folder_{temp_.path(), "0123456789abcdef"};
};

TEST_F(CheckpointTest, EmptyFolderHasNone) {
  EXPECT_FALSE(folder_.load_newest());
  EXPECT_FALSE(folder_.newest_step());
}

TEST_F(CheckpointTest, KeepsTheLastTwo) {
  for (int64_t step = 1; step <= 4; ++step) folder_.save(step, weights(step), {{"step", "x"}});
  EXPECT_EQ(newest(), 4);
  EXPECT_EQ(folder_.load_newest()->content.metadata.at("step"), "x");
  EXPECT_TRUE(std::filesystem::exists(file("checkpoint-00000003.json")));
  EXPECT_FALSE(std::filesystem::exists(file("checkpoint-00000002.json")));
  EXPECT_FALSE(std::filesystem::exists(file("checkpoint-00000002.safetensors")));
}

TEST_F(CheckpointTest, DamagedNewestFallsBackToThePreviousOne) {
  folder_.save(1, weights(1), {});
  folder_.save(2, weights(2), {});
  flip_last_byte(file("checkpoint-00000002.safetensors"));
  EXPECT_EQ(newest(), 1);
}

TEST_F(CheckpointTest, FileWithoutCommitRecordDoesNotCount) {
  folder_.save(1, weights(1), {});
  folder_.save(2, weights(2), {});
  std::filesystem::remove(file("checkpoint-00000002.json"));  // killed between the two writes
  EXPECT_EQ(newest(), 1);
}

// Simulates a process that was killed between writing or removing the two files.
TEST_F(CheckpointTest, FilesWithoutCommitRecordAreRemovedByTheNext) {
  folder_.save(1, weights(1), {});
  folder_.save(2, weights(2), {});
  std::filesystem::remove(file("checkpoint-00000001.json"));
  folder_.save(3, weights(3), {});
  EXPECT_FALSE(std::filesystem::exists(file("checkpoint-00000001.safetensors")));
  EXPECT_TRUE(std::filesystem::exists(file("checkpoint-00000002.safetensors")));
  std::filesystem::remove(file("checkpoint-00000003.json"));
  folder_.clear();
  EXPECT_TRUE(std::filesystem::is_empty(temp_.path()));
}

TEST_F(CheckpointTest, DamagedOnesDoNotCountAmongTheTwoThatAreKept) {
  for (const int64_t step : {1, 2, 9}) folder_.save(step, weights(step), {});
  flip_last_byte(file("checkpoint-00000009.safetensors"));
  EXPECT_EQ(newest(), 2);
  folder_.save(3, weights(3), {});
  folder_.save(4, weights(4), {});
  EXPECT_EQ(newest(), 4);
  flip_last_byte(file("checkpoint-00000004.safetensors"));
  EXPECT_EQ(newest(), 3);
}

TEST_F(CheckpointTest, TruncatedCommitRecordFallsBack) {
  folder_.save(1, weights(1), {});
  folder_.save(2, weights(2), {});
  write_file_atomically(file("checkpoint-00000002.json"), "{\"run_id\":");
  EXPECT_EQ(newest(), 1);
}

TEST_F(CheckpointTest, AnotherRunsCheckpointIsNotLoaded) {
  CheckpointFolder(temp_.path(), "ffffffffffffffff").save(5, weights(5), {});
  folder_.save(1, weights(1), {});
  EXPECT_EQ(newest(), 1);
}

TEST_F(CheckpointTest, ClearRemovesAll) {
  folder_.save(1, weights(1), {});
  folder_.clear();
  EXPECT_TRUE(std::filesystem::is_empty(temp_.path()));
}

TEST_F(CheckpointTest, TheWriterSavesTheStateOfTheCall) {
  CheckpointWriter writer(folder_);
  NamedTensors state = weights(1);
  for (int64_t step = 1; step <= 3; ++step) {
    state[0].second.fill_(step);
    writer.save(step, state, {{"step", std::to_string(step)}});
    state[0].second.fill_(-1);  // training goes on
  }
  writer.wait();
  EXPECT_EQ(newest(), 3);
  EXPECT_EQ(folder_.load_newest()->content.metadata.at("step"), "3");
  flip_last_byte(file("checkpoint-00000003.safetensors"));
  EXPECT_EQ(newest(), 2);
}

TEST_F(CheckpointTest, TheWriterTakesTensorsOfOtherSizes) {
  CheckpointWriter writer(folder_);
  writer.save(1, weights(1), {});
  NamedTensors more = weights(2);
  more.emplace_back("pool_A", at::full({2, 3}, 5, at::kFloat));
  writer.save(2, more, {});
  more[1].second = at::full({4, 3}, 6, at::kFloat);
  writer.save(3, more, {});
  writer.wait();
  EXPECT_EQ(folder_.load_newest()->content.tensors[1].second.sizes(), at::IntArrayRef({4, 3}));
}

TEST_F(CheckpointTest, TheWriterThrowsAnErrorOnce) {
  const CheckpointFolder nowhere("/proc/none", "0123456789abcdef");
  const auto is_storage = [](const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& problem) {
      return problem.kind() == ErrorKind::kStorage;
    }
    return false;
  };
  CheckpointWriter writer(nowhere);
  writer.save(1, weights(1), {});
  EXPECT_TRUE(is_storage([&] { writer.wait(); }));
  EXPECT_FALSE(is_storage([&] { writer.wait(); }));
  writer.save(2, weights(2), {});
  EXPECT_TRUE(is_storage([&] { writer.save(3, weights(3), {}); }));
  writer.save(4, weights(4), {});
  EXPECT_TRUE(is_storage([&] {
    for (;;) writer.check();  // without waiting, so not at once
  }));
  writer.save(5, weights(5), {});  // its error ends with the writer
}

}  // namespace
}  // namespace scgan
