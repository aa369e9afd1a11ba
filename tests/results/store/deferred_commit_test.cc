// A store that another program reads in a transaction it does not end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "results/store/result_store.h"
#include "results/store/sqlite.h"
#include "tests/results/sample_store.h"
#include "tests/support/temp_dir.h"

namespace scgan::results {
namespace {

class DeferredCommitTest : public testing::Test {
 protected:
  DeferredCommitTest() : store_(ResultStore::open(file())) {
    store_.plan(sample_sweep(),
                {planned_run("r1", "cyclegan", 50, 1), planned_run("r2", "scgan", 50, 1)});
  }
  std::filesystem::path file() const { return folder_.path() / "results.db"; }

  TempDir folder_;
  ResultStore store_;
};

// A reader that keeps a transaction open, as database browsers do.
class OpenReader {
 public:
  explicit OpenReader(const std::filesystem::path& file)
      : database_(Database::open_read_only(file)) {
    database_.execute("BEGIN");
    runs_ = database_.integer("SELECT count(*) FROM run");
  }
  ~OpenReader() { database_.execute("COMMIT"); }

 private:
  Database database_;
  int64_t runs_ = 0;
};

TEST_F(DeferredCommitTest, ResultsWaitForAReaderWithoutDelay) {
  store_.defer_commits();
  const int64_t before = store_.begin_attempt(attempt_on("r1"));
  EXPECT_TRUE(store_.flush());
  {
    const OpenReader reader(file());
    const auto start = std::chrono::steady_clock::now();
    store_.finish(before, 40, kInput, {metric("fid", 12.5)}, {{"a", std::string(64, '0')}});
    const int64_t attempt = store_.begin_attempt(attempt_on("r2"));
    EXPECT_THROW(store_.begin_attempt(attempt_on("r2")), Error);  // undoes only itself
    store_.add_losses("r2", {{20, "d_a", 0.5}});
    EXPECT_EQ(store_.fail(attempt, ExitClass::kData, "bad"), RunState::kFailed);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
    EXPECT_FALSE(store_.flush());
    EXPECT_EQ(store_.state("r1"), RunState::kDone);
  }
  EXPECT_TRUE(store_.flush());
  const ResultStore other = ResultStore::open_read_only(file());
  EXPECT_EQ(other.state("r1"), RunState::kDone);
  EXPECT_EQ(other.run("r1").metrics.size(), 1);
  EXPECT_EQ(other.state("r2"), RunState::kFailed);
  EXPECT_EQ(other.losses("r2").size(), 1);
}

TEST_F(DeferredCommitTest, OthersSeeChangesWhenTheyAreFlushed) {
  store_.defer_commits();
  const ResultStore other = ResultStore::open_read_only(file());
  store_.begin_attempt(attempt_on("r1"));
  EXPECT_EQ(store_.state("r1"), RunState::kRunning);
  EXPECT_EQ(other.state("r1"), RunState::kPlanned);
  EXPECT_TRUE(store_.flush());
  EXPECT_EQ(other.state("r1"), RunState::kRunning);
}

TEST_F(DeferredCommitTest, DoneRunsAreListedTheLastOneFirst) {
  for (const char* run : {"r2", "r1"}) {
    store_.finish(store_.begin_attempt(attempt_on(run)), 40, kInput, {}, {});
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  EXPECT_THAT(store_.done_newest_first(), testing::ElementsAre("r1", "r2"));
}

// A job that is killed while results wait: none of them is half stored.
TEST_F(DeferredCommitTest, ResultsThatWereNotWrittenAreLostAsAWhole) {
  {
    ResultStore killed = ResultStore::open(file());
    killed.defer_commits();
    const int64_t attempt = killed.begin_attempt(attempt_on("r1"));
    EXPECT_TRUE(killed.flush());
    const OpenReader reader(file());
    killed.finish(attempt, 40, kInput, {metric("fid", 12.5)}, {});
    EXPECT_EQ(killed.state("r1"), RunState::kDone);
    ResultStore moved = std::move(killed);  // closed before the reader ends
  }
  EXPECT_EQ(store_.state("r1"), RunState::kRunning);
  EXPECT_THAT(store_.run("r1").metrics, testing::IsEmpty());
}

TEST_F(DeferredCommitTest, ManyResultsCanWait) {
  store_.defer_commits();
  const int64_t attempt = store_.begin_attempt(attempt_on("r1"));
  constexpr int64_t kPoints = 100'000;  // more than the page cache holds
  {
    const OpenReader reader(file());
    std::vector<LossPoint> points;
    for (int64_t step = 1; step <= kPoints; ++step) points.push_back({step, "d_a", 0.5});
    store_.add_losses("r1", points);
    store_.set_progress(attempt, kPoints);
    store_.add_regrouping(attempt, 30, 2, "node1 x2");
    EXPECT_FALSE(store_.flush());
  }
  EXPECT_TRUE(store_.flush());
  EXPECT_EQ(ResultStore::open_read_only(file()).losses("r1").size(), kPoints);
}

}  // namespace
}  // namespace scgan::results
