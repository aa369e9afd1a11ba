// Stores of older versions of the format are read and upgraded.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "results/store/result_store.h"
#include "results/store/schema.h"
#include "results/store/sqlite.h"
#include "tests/results/sample_store.h"
#include "tests/support/temp_dir.h"

namespace scgan::results {
namespace {

using testing::ElementsAre;

// An empty store of an older version.
Database empty_store(const std::filesystem::path& file, int version) {
  Database database = Database::open(file);
  for (int i = 0; i < version; ++i) {
    database.execute(std::string(migrations().at(static_cast<size_t>(i))));
  }
  database.execute(fmt::format("PRAGMA user_version = {}", version));
  return database;
}

// A store as `version` left it: r1 is done, r2 was scored twice and stopped.
std::filesystem::path old_store(const std::filesystem::path& folder, int version) {
  const auto file = folder / fmt::format("version{}.db", version);
  Database database = empty_store(file, version);
  database.execute(R"sql(
INSERT INTO sweep VALUES (1, 'cells', 'name: cells', '[]', 'scgan_sweep 0.1.0');
INSERT INTO run VALUES
  ('r1', 0, 'scgan', 50, 1, '{}', 'synthetic', 'd', '{}', 8, 8, 40, 'done'),
  ('r2', 1, 'scgan', 50, 2, '{}', 'synthetic', 'd', '{}', 8, 8, 40, 'planned');
INSERT INTO attempt VALUES
  (1, 'r1', 'h', 'cpu', 1, 0, 40, '{}', 'canonical', 10, 20, 30, 'done', ''),
  (2, 'r2', 'h', 'cpu', 1, 0, 25, '{}', 'canonical', 10, 20, 30, 'stopped', 'stopped');
INSERT INTO metric (run_id, name, direction, step, value, n_real, n_fake, extractor,
                    extractor_digest, preprocessing) VALUES
  ('r1', 'fid', 'AtoB', 40, 12.5, 32, 32, 'random_conv', 'e', 'RGB, best of 4 scores'),
  ('r1', 'kid_subset_mean', 'AtoB', 40, 0.5, 32, 32, 'random_conv', 'e', 'RGB, best of 4 scores'),
  ('r1', 'kid_subset_std', 'AtoB', 40, 0.25, 32, 32, 'random_conv', 'e', 'RGB, best of 4 scores'),
  ('r1', 'fid_real_halves', 'AtoB', 40, 3, 16, 16, 'random_conv', 'e', 'RGB, best of 4 scores'),
  ('r1', 'recovered_change_untranslated', 'AtoB', 40, 0, 32, 32, 'random_conv', 'e',
   'RGB, best of 4 scores'),
  ('r1', 'recovered_size', 'AtoB', 40, 0.75, 32, 32, 'random_conv', 'e', 'RGB, best of 4 scores');
INSERT INTO loss VALUES ('r1', 10, 'd_a', 0.5), ('r1', 10, 'fid AtoB', 20), ('r1', 20, 'fid AtoB', 15),
  ('r1', 20, 'fid BtoA', 16), ('r2', 10, 'fid AtoB', 21);
)sql");
  if (version == 2) database.execute("INSERT INTO widening VALUES (1, 7, 2)");
  return file;
}

class OldStoreTest : public testing::TestWithParam<int> {
 protected:
  TempDir folder_;
  std::filesystem::path file_ = old_store(folder_.path(), GetParam());
};

TEST_P(OldStoreTest, IsReadWithoutBeingChanged) {
  const std::string before = read_file(file_);
  const ResultStore store = ResultStore::open_read_only(file_);
  EXPECT_EQ(store.sweep().name, "cells");
  const StoredRun run = store.run("r1");
  EXPECT_EQ(run.state, RunState::kDone);
  ASSERT_EQ(run.metrics.size(), 6);
  EXPECT_EQ(run.metrics[0].value, 12.5);
  EXPECT_EQ(run.metrics[1].statistic, Statistic::kSubsetMean);
  EXPECT_EQ(run.metrics[3].subject, Subject::kRealHalves);
  EXPECT_EQ(read_file(file_), before);
}

TEST_P(OldStoreTest, IsUpgradedWhenASweepOpensIt) {
  ResultStore store = ResultStore::open(file_);
  EXPECT_THAT(
      rows(file_,
           "SELECT name || ' ' || subject || ' ' || statistic || ' ' || value "
           "FROM metric WHERE phase = 'final' ORDER BY id"),
      ElementsAre("fid translated full 12.5", "kid translated subset_mean 0.5",
                  "kid translated subset_std 0.25", "fid real_halves full 3.0",
                  "recovered_change untranslated full 0.0", "recovered_size translated full 0.75"));
  EXPECT_THAT(rows(file_,
                   "SELECT step || ' ' || value || ' ' || n_real || ' ' || preprocessing "
                   "FROM metric WHERE phase = 'training' ORDER BY step"),
              ElementsAre("10 20.0 32 RGB", "20 15.0 32 RGB"));
  // Losses without a final score, which supplies the other columns, stay where they were.
  EXPECT_THAT(rows(file_, "SELECT run_id || ' ' || name FROM loss ORDER BY run_id, step, name"),
              ElementsAre("r1 d_a", "r1 fid BtoA", "r2 fid AtoB"));
  EXPECT_EQ(rows(file_, "SELECT ranks FROM regrouping").size(), GetParam() == 2 ? 1 : 0);
  store.add_regrouping(store.begin_attempt(attempt_on("r2")), 3, 2, "node1 x2");
}

// Older versions recognised two exit classes by their reasons.
TEST_P(OldStoreTest, ReasonsBecomeExitClasses) {
  Database::open(file_).execute(R"sql(
INSERT INTO attempt VALUES
  (3, 'r2', 'h', 'cpu', 1, 0, 0, '{}', 'canonical', 10, 20, 30, 'lost',
   'the job ended without a word'),
  (4, 'r2', 'h', 'cpu', 2, 0, 0, '{}', 'canonical', 10, 20, 30, 'out_of_memory',
   'may fit on fewer ranks: CUDA out of memory'),
  (5, 'r2', 'h', 'cpu', 1, 0, 0, '{}', 'canonical', 10, 20, 30, 'lost', 'rank 3 is gone'),
  (6, 'r2', 'h', 'cpu', 1, 0, 0, '{}', 'canonical', 10, 20, NULL, NULL, '');
)sql");
  const auto expect_classes = [](const ResultStore& store) {
    const auto ended = store.run("r2").ended_attempts;
    ASSERT_EQ(ended.size(), 4);
    EXPECT_EQ(ended[0].exit_class, ExitClass::kStopped);
    EXPECT_EQ(ended[1].exit_class, ExitClass::kKilled);
    EXPECT_EQ(ended[2].exit_class, ExitClass::kOutOfMemoryMayFit);
    EXPECT_EQ(ended[2].reason, "CUDA out of memory");
    EXPECT_EQ(ended[3].exit_class, ExitClass::kLost);
  };
  expect_classes(ResultStore::open_read_only(file_));
  ResultStore upgraded = ResultStore::open(file_);
  expect_classes(upgraded);
  // They recorded the host of the first rank.
  EXPECT_THAT(rows(file_, "SELECT hosts FROM attempt WHERE id > 2 ORDER BY id"),
              ElementsAre("h", "h, others not recorded", "h", "h"));
  upgraded.add_regrouping(6, 3, 2, "node1 x2");  // the open attempt is still open
  EXPECT_EQ(rows(file_, "SELECT ranks FROM regrouping WHERE attempt_id = 6").size(), 1);
  EXPECT_THROW(upgraded.begin_attempt(attempt_on("r2")), Error);
}

INSTANTIATE_TEST_SUITE_P(Versions, OldStoreTest, testing::Values(1, 2));

// Version 4 added the generators' input and the notes on data.
TEST(Version3StoreTest, IsReadAndUpgraded) {
  const TempDir folder;
  const auto file = folder.path() / "version3.db";
  empty_store(file, 3).execute(R"sql(
INSERT INTO run VALUES
  ('r1', 0, 'scgan', 50, 1, '{}', 'synthetic', 'd', '{}', 8, 8, 40, 'done'),
  ('r2', 1, 'scgan', 50, 2, '{}', 'synthetic', 'd', '{}', 8, 8, 40, 'planned');
INSERT INTO metric (run_id, phase, name, subject, statistic, direction, step, value, n_real, n_fake,
                    extractor, extractor_digest, preprocessing) VALUES
  ('r1', 'final', 'fid', 'translated', 'full', 'AtoB', 40, 12.5, 32, 32, 'random_conv', 'e', 'RGB');
)sql");
  const std::string before = read_file(file);
  EXPECT_EQ(ResultStore::open_read_only(file).run("r1").metrics.at(0).value, 12.5);
  EXPECT_TRUE(ResultStore::open_read_only(file).data_notes().empty());
  EXPECT_EQ(read_file(file), before);
  ResultStore store = ResultStore::open(file);
  store.set_data_notes({{"d", "noticed"}});
  store.finish(store.begin_attempt(attempt_on("r2")), 40, kInput, {metric("fid", 7.5)}, {});
  EXPECT_EQ(store.run("r1").metrics.at(0).value, 12.5);
  EXPECT_EQ(store.data_notes().size(), 1);
  EXPECT_THAT(rows(file, "SELECT coalesce(input, 'none') FROM run ORDER BY id"),
              ElementsAre("none", kInput));
}

// Version 5 added whether a file was kept.
TEST(Version4StoreTest, ItsFilesWereKept) {
  const TempDir folder;
  const auto file = folder.path() / "version4.db";
  empty_store(file, 4).execute(R"sql(
INSERT INTO run VALUES
  ('r1', 0, 'scgan', 50, 1, '{}', 'synthetic', 'd', '{}', 8, 8, 40, 'done', '{"image_size":64}');
INSERT INTO artifact VALUES
  ('r1', 'runs/r1/netG_A.safetensors', '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef');
INSERT INTO data_note VALUES ('d', 0, 'noticed');
)sql");
  const auto expect_content = [](const ResultStore& store) {
    const auto artifacts = store.run("r1").artifacts;
    ASSERT_EQ(artifacts.size(), 1);
    EXPECT_EQ(artifacts[0].path, "runs/r1/netG_A.safetensors");
    EXPECT_TRUE(artifacts[0].kept);
    EXPECT_THAT(store.data_notes(), ElementsAre(DataNote{"d", "noticed"}));
  };
  const std::string before = read_file(file);
  expect_content(ResultStore::open_read_only(file));
  EXPECT_EQ(read_file(file), before);
  expect_content(ResultStore::open(file));
  EXPECT_THAT(rows(file, "SELECT input FROM run"), ElementsAre(kInput));
}

// Every version becomes the newest one, by the same steps as a new store.
TEST(AnyOldStoreTest, HasTheNewestTablesOnceItIsUpgraded) {
  const TempDir folder;
  const auto tables = [](const std::filesystem::path& file) {
    return rows(file,
                "SELECT m.name || '.' || c.name || ' ' || c.type || ' ' || c.\"notnull\" "
                "FROM sqlite_master AS m, pragma_table_info(m.name) AS c "
                "WHERE m.type = 'table' ORDER BY 1");
  };
  ResultStore::open(folder.path() / "new.db");
  for (int version = 0; version < kSchemaVersion; ++version) {
    const auto file = folder.path() / fmt::format("version{}.db", version);
    empty_store(file, version);
    ResultStore::open(file);
    EXPECT_EQ(tables(file), tables(folder.path() / "new.db")) << version;
    EXPECT_EQ(Database::open(file).integer("PRAGMA user_version"), kSchemaVersion);
    EXPECT_EQ(Database::open(file).integer("SELECT count(*) FROM pragma_foreign_key_check"), 0);
  }
}

}  // namespace
}  // namespace scgan::results
