// The executor on one rank, with a fake coordinator: what it trains, writes and reports.
#include "sweeps/run/run_executor.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <set>
#include <string>
#include <thread>

#include "core/comm/solo_communicator.h"
#include "core/image/image_file.h"
#include "core/model/safetensors.h"
#include "fake_mailbox.h"
#include "sweeps/run/failure_class.h"
#include "sweeps/run/run_files.h"
#include "tests/support/temp_dir.h"
#include "tiny_plan.h"

namespace scgan::sweeps {
namespace {

using results::ExitClass;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;

// One of two ranks, whose peer has aborted or never answers; keeps the reason of its own abort.
class PairCommunicator final : public Communicator {
 public:
  explicit PairCommunicator(std::string& aborted) : Communicator(0, 2), aborted_(aborted) {}

  void all_gather(const at::Tensor&, at::Tensor&) override { leave(); }
  void all_to_all(const at::Tensor&, at::Tensor&) override { leave(); }
  void broadcast(at::Tensor&, int) override { leave(); }
  void all_reduce_sum(at::Tensor&) override { leave(); }
  void abort(const std::string& reason) override { aborted_ = reason; }

 private:
  [[noreturn]] static void leave() {
    throw PeerAborted(to_abort_reason({ExitClass::kOutOfMemoryMayFit, "no memory on rank 1"}));
  }
  std::string& aborted_;
};

class RunExecutorTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { checked_ = tiny_plan("out", {"sweep.seeds=[0, 1]"}); }

  RunExecutorTest() {
    plan_ = checked_;
    plan_.out = folder_.path();
  }
  ~RunExecutorTest() override { order(order::Exit{}); }

  // The executor works until its Exit, which the test's end sends.
  void start(RunExecutor::GroupMaker make_group = solo) {
    thread_ = std::jthread([this, make_group] {
      Heartbeat heartbeat(mailbox_, 0, "host", [](const Heartbeat::LostRank&) {});
      RunExecutor executor(plan_, mailbox_, heartbeat,
                           {0,
                            {"node1", "node2"},
                            c10::Device(c10::kCPU),
                            "{}",
                            [this] { return signalled_.load(); },
                            make_group});
      try {
        executor.serve();
      } catch (const std::exception& problem) {
        mailbox_.report(report::JobFailed{0, exit_class(problem), problem.what()});
      }
    });
  }
  static std::unique_ptr<Communicator> solo(const std::vector<int>&, c10::Device) {
    return std::make_unique<SoloCommunicator>();
  }

  void order(const Order& order) const {
    mailbox_.send(0, distributed::MailTag::kOrder, to_text(order));
  }
  // The next report, other than of progress.
  template <typename Expected>
  Expected expect_report() const {
    Report report = mailbox_.report_received();
    while (std::holds_alternative<report::Progress>(report)) report = mailbox_.report_received();
    EXPECT_TRUE(std::holds_alternative<Expected>(report)) << to_text(report);
    return std::holds_alternative<Expected>(report) ? std::get<Expected>(report) : Expected{};
  }
  report::AttemptDone expect_done() const {
    expect_report<report::Scoring>();
    const auto done = expect_report<report::AttemptDone>();
    EXPECT_EQ(done.step, 2);
    EXPECT_EQ(done.metrics.at(0).name, "fid");
    EXPECT_FALSE(done.artifacts.empty());
    for (const results::Artifact& artifact : done.artifacts) {
      EXPECT_TRUE(std::filesystem::exists(folder_.path() / artifact.path)) << artifact.path;
    }
    expect_report<report::RankFree>();
    return done;
  }
  std::filesystem::path run_folder(size_t run) const {
    return folder_.path() / "runs" / plan_.runs.at(run).record.id;
  }
  bool has_checkpoint(size_t run, int64_t step) const {
    return CheckpointFolder(run_folder(run), plan_.runs.at(run).record.id).newest_step() == step;
  }

  static inline JobPlan checked_;
  TempDir folder_;
  JobPlan plan_;
  PostOffice office_;
  FakeMailbox mailbox_{office_, 0};
  std::atomic<bool> signalled_{false};
  std::string aborted_;
  std::jthread thread_;
};

TEST_F(RunExecutorTest, ARunIsTrainedScoredAndReportedInOrder) {
  start();
  order(order::StartRun{0, {0}});
  const auto started = expect_report<report::AttemptStarted>();
  EXPECT_EQ(started.attempt.run_id, plan_.runs[0].record.id);
  EXPECT_EQ(started.attempt.ranks, 1);
  EXPECT_EQ(started.attempt.first_step, 0);
  EXPECT_EQ(started.total_steps, 2);
  expect_done();
  order(order::StartRun{1, {0}});
  expect_report<report::AttemptStarted>();
  EXPECT_TRUE(has_checkpoint(0, 2)) << "the coordinator removes it when it has stored the result";
  expect_done();
}

// The report cuts the grid into its images: six columns, a gap of two white pixels.
TEST_F(RunExecutorTest, ADoneRunHasASampleGridAmongItsArtifacts) {
  plan_.runs[0].spec.run.sample_images = 3;
  plan_.runs[1].spec.run.sample_images = 0;
  start();
  order(order::StartRun{0, {0}});
  expect_report<report::AttemptStarted>();
  const std::string path = "runs/" + plan_.runs[0].record.id + "/samples/final.png";
  EXPECT_THAT(expect_done().artifacts, Contains(Field(&results::Artifact::path, path)));
  const at::Tensor grid = read_image(folder_.path() / path);
  EXPECT_EQ(grid.sizes(), at::IntArrayRef({3, 3 * 66 - 2, 6 * 66 - 2}));
  for (int64_t column = 1; column < 6; ++column) {
    EXPECT_TRUE(grid.narrow(2, column * 66 - 2, 2).eq(255).all().item<bool>());
    EXPECT_FALSE(at::equal(grid.narrow(2, 0, 64), grid.narrow(2, column * 66, 64)));
  }
  order(order::StartRun{1, {0}});
  expect_report<report::AttemptStarted>();
  expect_done();
  EXPECT_FALSE(std::filesystem::exists(run_folder(1) / "samples"));
}

// With so high a learning rate, the first of three scores is the best.
TEST_F(RunExecutorTest, TheMetadataOfTheBestWeightsHaveTheirStep) {
  plan_ = tiny_plan(folder_.path(), {"train.steps=6", "train.learning_rate=1",
                                     "evaluate.every_epochs=1", "evaluate.checkpoint=best"});
  start();
  order(order::StartRun{0, {0}});
  expect_report<report::AttemptStarted>();
  expect_report<report::Scoring>();
  const auto done = expect_report<report::AttemptDone>();
  ASSERT_FALSE(done.metrics.empty());
  EXPECT_EQ(done.metrics[0].step, 2);
  EXPECT_EQ(done.step, 6);
  for (const char* name : {"netG_A", "netG_B", "features-AtoB"}) {
    const auto file = run_folder(0) / (std::string(name) + ".safetensors");
    EXPECT_EQ(read_safetensors(file).metadata.at("step"), "2") << name;
  }
}

// All files are written, so that the store has their digests; those that are not kept are removed
// when it has them.
TEST_F(RunExecutorTest, RunKeepSaysWhichFilesStay) {
  plan_.runs[0].spec.run.sample_images = 1;
  plan_.runs[0].spec.run.sample_minutes = 0;
  plan_.runs[0].spec.run.keep = {RunFile::kFeatures, RunFile::kLog};
  start();
  order(order::StartRun{0, {0}});
  expect_report<report::AttemptStarted>();
  const auto done = expect_done();
  std::set<std::string> kept, removed;
  for (const results::Artifact& artifact : done.artifacts) {
    const auto name = std::filesystem::path(artifact.path).filename().string();
    (artifact.kept ? kept : removed).insert(name);
  }
  EXPECT_THAT(kept, ElementsAre("features-AtoB.safetensors", "log.jsonl"));
  EXPECT_THAT(removed, ElementsAre("final.png", "netG_A.safetensors", "netG_B.safetensors"));
  results::StoredRun stored;
  stored.plan = plan_.runs[0].record;
  stored.artifacts = done.artifacts;
  remove_unkept(folder_.path(), stored);
  std::set<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(run_folder(0))) {
    left.insert(entry.path().filename().string());
  }
  kept.insert("times.jsonl");  // stays with log.jsonl
  EXPECT_EQ(left, kept) << "neither checkpoints nor samples";
}

TEST_F(RunExecutorTest, AStoppedRunContinuesFromItsCheckpoint) {
  start();
  order(order::StartRun{0, {0}});
  order(order::StopRun{1});
  expect_report<report::AttemptStarted>();
  EXPECT_EQ(expect_report<report::AttemptStopped>().step, 1);
  expect_report<report::RankFree>();
  EXPECT_TRUE(has_checkpoint(0, 1));
  order(order::StartRun{0, {0}});
  EXPECT_EQ(expect_report<report::AttemptStarted>().attempt.first_step, 1);
  expect_done();
}

TEST_F(RunExecutorTest, AFailedRunIsReportedAndTheNextOneTrained) {
  plan_.runs[0].spec.data.digest = "of other images";
  start();
  order(order::StartRun{0, {0}});
  expect_report<report::AttemptStarted>();
  const auto failed = expect_report<report::AttemptFailed>();
  EXPECT_EQ(failed.exit_class, ExitClass::kData);
  EXPECT_THAT(failed.reason, testing::HasSubstr("the images have changed"));
  expect_report<report::RankFree>();
  order(order::StartRun{1, {0}});
  expect_report<report::AttemptStarted>();
  expect_done();
}

TEST_F(RunExecutorTest, ASignalOfAnIdleRankIsReportedOnce) {
  start();
  signalled_ = true;
  expect_report<report::StopSignalled>();
  order(order::StartRun{0, {0}});  // sent before the coordinator knew
  expect_report<report::AttemptStarted>();
  EXPECT_EQ(expect_report<report::AttemptStopped>().step, 0);
  expect_report<report::RankFree>();
}

TEST_F(RunExecutorTest, OrdersForARunThatHasEndedAreIgnored) {
  start();
  order(order::StopRun{0});
  order(order::Regroup{{0, 1}});
  order(order::CancelJoin{});
  order(order::StartRun{0, {0}});
  expect_report<report::AttemptStarted>();
  expect_done();
}

TEST_F(RunExecutorTest, ARankPreparesToJoinAndTheJoinIsCancelled) {
  start();
  order(order::PrepareJoin{0});
  EXPECT_EQ(expect_report<report::JoinReady>().run, 0);
  order(order::CancelJoin{});
  order(order::StartRun{1, {0}});
  expect_report<report::AttemptStarted>();
  expect_done();
}

TEST_F(RunExecutorTest, ARankThatCannotPrepareReportsWhy) {
  plan_.runs[0].spec.data.digest = "of other images";
  start();
  order(order::PrepareJoin{0});
  const auto failed = expect_report<report::JoinFailed>();
  EXPECT_EQ(failed.run, 0);
  EXPECT_THAT(failed.reason, testing::HasSubstr("the images have changed"));
}

TEST_F(RunExecutorTest, TheFailureOfAPeerIsReportedWithItsClassAndReason) {
  start([this](const std::vector<int>&, c10::Device) {
    return std::make_unique<PairCommunicator>(aborted_);
  });
  order(order::StartRun{0, {0, 1}});
  const auto started = expect_report<report::AttemptStarted>();
  EXPECT_EQ(started.attempt.ranks, 2);
  EXPECT_EQ(started.attempt.hosts, "node1, node2");
  const auto failed = expect_report<report::AttemptFailed>();
  EXPECT_EQ(failed.exit_class, ExitClass::kOutOfMemoryMayFit);
  EXPECT_EQ(failed.reason, "no memory on rank 1");
  expect_report<report::RankFree>();
  EXPECT_THAT(aborted_, IsEmpty());
}

TEST_F(RunExecutorTest, AFailureAbortsTheGroup) {
  plan_.runs[0].spec.data.digest = "of other images";
  start([this](const std::vector<int>&, c10::Device) {
    return std::make_unique<PairCommunicator>(aborted_);
  });
  order(order::StartRun{0, {0, 1}});
  expect_report<report::AttemptStarted>();
  const auto failed = expect_report<report::AttemptFailed>();
  expect_report<report::RankFree>();
  EXPECT_EQ(failure_from(aborted_).exit_class, ExitClass::kData);
  EXPECT_EQ(failure_from(aborted_).reason, failed.reason);
}

// A group that cannot be made ends the job; whether the run may fit depends on its ranks.
TEST_F(RunExecutorTest, AGroupWithoutMemoryEndsTheJob) {
  for (const auto& [ranks, expected] : {std::pair{std::vector{0, 1}, ExitClass::kOutOfMemoryMayFit},
                                        {std::vector{0}, ExitClass::kOutOfMemory}}) {
    start([](const std::vector<int>&, c10::Device) -> std::unique_ptr<Communicator> {
      throw Error(ErrorKind::kOutOfMemory, "no memory for NCCL");
    });
    order(order::StartRun{0, ranks});
    const auto failed = expect_report<report::JobFailed>();
    EXPECT_EQ(failed.exit_class, expected);
    EXPECT_EQ(failed.reason, "no memory for NCCL");
  }
}

}  // namespace
}  // namespace scgan::sweeps
