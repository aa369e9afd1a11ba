// Programs that read the store again and again while a job writes it.
#include <fmt/format.h>

#include <array>
#include <memory>
#include <optional>

#include "results/store/result_store.h"
#include "tests/end_to_end/sweep_fixture.h"

namespace scgan::end_to_end {
namespace {

using results::ResultStore;
using testing::HasSubstr;
using testing::Not;

constexpr int kRuns = 30, kReports = 60;
constexpr int kTimesRead = 12;

std::string run_id(int run) { return fmt::format("{:016x}", run); }

std::vector<results::PlannedRun> planned() {
  std::vector<results::PlannedRun> runs;
  for (int run = 0; run < kRuns; ++run) {
    runs.push_back({.id = run_id(run),
                    .variant = run % 2 == 0 ? "cyclegan" : "scgan",
                    .seed = run / 2,
                    .dataset = "cells",
                    .data_digest = std::string(64, 'd'),
                    .spec = R"({"train.steps":60})",
                    .images_a = 8,
                    .images_b = 8,
                    .total_steps = kReports});
  }
  return runs;
}

// Starts a command again whenever it has ended, and checks how it ended.
class Reader {
 public:
  explicit Reader(Command command) : command_(std::move(command)) {}

  void poll() {
    if (program_ && program_->running()) return;
    check();
    program_.emplace(command_);
  }
  void check() {
    if (!program_) return;
    const Ended& ended = program_->wait(std::chrono::minutes(2));
    EXPECT_EQ(ended.exit_code, 0) << ended.text();
    EXPECT_THAT(ended.text(), Not(HasSubstr("locked")));
    last_ = ended.out;
    program_.reset();
    ++times_;
  }
  int times() const { return times_; }
  const std::string& last() const { return last_; }

 private:
  Command command_;
  std::optional<Subprocess> program_;
  std::string last_;
  int times_ = 0;
};

class Readers : public SweepFixture {
 protected:
  Readers() : store_(make_store()) { store_.defer_commits(); }

  ResultStore make_store() const {
    fs::create_directories(path("out"));
    ResultStore store = ResultStore::open(path("out") / "results.db");
    store.plan({.name = "cells", .text = "", .sets = "[]", .version = "1"}, planned());
    return store;
  }
  Command reading(const Words& flags) const {
    Words words{SCGAN_REPORT, "out"};
    words.insert(words.end(), flags.begin(), flags.end());
    return {words, {}, path(".")};
  }
  void poll() {
    for (Reader& reader : readers_) reader.poll();
  }

  // What the coordinator writes of a run.
  void write_run(int run) {
    const std::string id = run_id(run);
    const int64_t attempt = store_.begin_attempt({.run_id = id,
                                                  .hosts = "h",
                                                  .device = "cpu: x",
                                                  .versions = "{}",
                                                  .reduction = "canonical"});
    for (int64_t step = 1; step <= kReports; ++step) {
      store_.add_losses(id, {{step, "cycle_a", 0.5}, {step, "d_a", 0.25}});
      store_.set_progress(attempt, step);
      poll();
    }
    store_.finish(attempt, kReports, "{}",
                  {{.name = "fid",
                    .direction = "AtoB",
                    .step = kReports,
                    .value = 10.0 + run,
                    .n_real = 8,
                    .n_fake = 8,
                    .extractor = "random_conv",
                    .extractor_digest = std::string(64, 'e'),
                    .preprocessing = "uint8 RGB, 64 px"}},
                  {});
  }

  ResultStore store_;
  std::array<Reader, 2> readers_{Reader(reading({"--status"})), Reader(reading({}))};
};

TEST_F(Readers, NoneFailsAndTheWriterIsNotHeldUp) {
  for (int run = 0; run < kRuns; ++run) write_run(run);
  // The results reach the disk although a reader follows the other.
  EXPECT_TRUE(wait_until([&] {
    poll();
    return store_.flush();
  }));
  while (readers_[0].times() < kTimesRead || readers_[1].times() < kTimesRead) {
    store_.add_losses(run_id(0), {{kReports, "d_a", 0.5}});
    poll();
  }
  EXPECT_TRUE(wait_until([&] { return store_.flush(); }));
  for (Reader& reader : readers_) reader.check();
  EXPECT_EQ(statuses(path("out")).size(), kRuns);
  for (const auto& [id, status] : statuses(path("out"))) EXPECT_EQ(status.state, "done") << id;
  EXPECT_THAT(readers_[1].last(), HasSubstr(fmt::format("{} of {} runs", kRuns, kRuns)));
}

}  // namespace
}  // namespace scgan::end_to_end
