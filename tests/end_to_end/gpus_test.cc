// Sweeps on stand-in GPUs (tests/support/stand_in_gpu): the programs run the same code as on real
// ones, including NCCL's, with the same guarantees. Numbers and speed are those of the CPU;
// docs/gpu.md lists what only a real GPU can show.
#include <signal.h>

#include <algorithm>

#include "tests/end_to_end/sweep_fixture.h"

namespace scgan::end_to_end {
namespace {

using std::chrono::seconds;
using testing::AllOf;
using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr int kFailedRuns = 1, kBadInput = 2, kLost = 3, kStopped = 75;
const Words kFewSteps{"--set", "train.steps=2"};
const Words kTwoRuns{"--set", "sweep.variants=[cyclegan_diffaug, scgan]"};
const Words kLong{"--set", "sweep.variants=[cyclegan_diffaug]", "--set", "train.steps=14",
                  "--set", "run.checkpoint_minutes=0"};
const Words kCudaGraph{"--set", "run.cuda_graph=true"};
const char* const kRecorded = "the training step is recorded as a CUDA graph";
const Words kShortAndLong{"--set", "sweep.variants=[cyclegan_diffaug]", "--set",
                          "sweep.axes={train.steps: [2, 16]}"};

Words operator+(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

class Gpus : public SweepFixture {
 protected:
  // A sweep into the folder `out` on `gpus` stand-ins (0: one per rank).
  Command command(int ranks, const Words& more, int gpus = 0) const {
    Command made = sweep_command(ranks, Words{"tiny.yaml", "--out", "out"} + more);
    made.words.back() = "cuda";  // --device
    const Words preload{"-x", "LD_PRELOAD=" SCGAN_STAND_IN_GPU};
    made.words.insert(made.words.begin() + 1, preload.begin(), preload.end());
    made.environment["SCGAN_STAND_IN_GPUS"] = std::to_string(gpus == 0 ? ranks : gpus);
    return made;
  }

  // Runs `made`, which must succeed and print `expected_text`, and removes the output folder.
  Digests digests_of(const Command& made, const std::string& expected_text) const {
    const Ended ended = run(made);
    EXPECT_EQ(ended.exit_code, 0) << ended.text();
    EXPECT_THAT(ended.err, HasSubstr(expected_text)) << ended.text();
    Digests digests = result_digests(path("out"));
    EXPECT_FALSE(digests.empty());
    fs::remove_all(path("out"));
    return digests;
  }

  // The digests of a sweep of tiny.yaml on one rank, trained once for all tests.
  const Digests& on_one_rank(const Words& more) const {
    static std::map<Words, Digests> known;
    const auto [found, is_new] = known.try_emplace(more);
    if (is_new) found->second = digests_of(command(1, more), "done");
    return found->second;
  }

  // Starts kLong on two ranks and returns after some steps.
  std::unique_ptr<Subprocess> started(std::map<std::string, std::string> environment = {}) const {
    Command made = command(2, kLong + Words{"--set", "run.ranks_per_run=2"});
    made.environment.merge(environment);
    auto process = std::make_unique<Subprocess>(made);
    EXPECT_TRUE(
        wait_until([&] { return newest_checkpoint(path("out")) >= 3 || !process->running(); }));
    EXPECT_TRUE(process->running()) << process->err();
    EXPECT_EQ(process->children().size(), 2U);
    return process;
  }
};

TEST_F(Gpus, AnyNumberOfRanksProducesTheSameBytesOverNcclAndMpi) {
  const Words runs = kTwoRuns + kFewSteps;
  const Digests& alone = on_one_rank(runs);
  for (const int ranks : {2, 4}) {
    const std::string number = std::to_string(ranks);
    const Words together = runs + Words{"--set", "run.ranks_per_run=" + number};
    EXPECT_EQ(digests_of(command(ranks, together), number + " ranks exchange tensors by NCCL"),
              alone);
  }
  // On one GPU, which NCCL does not support.
  const Words together = runs + Words{"--set", "run.ranks_per_run=2"};
  EXPECT_EQ(digests_of(command(2, together, 1),
                       "no NCCL, since ranks 0 and 1 share the GPU at 0000:01:00.0"),
            alone);
}

// A model that uses kernels with a changing order of additions is an error of the stand-in.
constexpr const char* kManyModels = R"(name: many
data: {kind: synthetic, image_size: 64, synthetic: {train_images: 8, test_images: 4}}
sweep: {variants: [a, b, c, d, e, f, g], percentages: [100], seeds: [0]}
variants:
  a: {base: scgan, train.ema_decay: 0.9, evaluate.checkpoint: best, evaluate.every_epochs: 1, evaluate.directions: [AtoB, BtoA]}
  b: {base: scgan, train.order: d_first, run.recompute: true, loss.ssl_distance: l1, loss.ssl_reduction: sum}
  c: {base: scgan, loss.ssl_distance: l2norm, model.part_position: uniform, model.d_norm: instance, model.d_spectral_norm: off, train.precision: tf32}
  d: {base: scgan, model.diffaug: [color, translation, cutout], model.d_se: false, model.decoders: [big], train.precision: bf16}
  e: {base: cyclegan, model.d_norm: batch, train.pool_size: 3, loss.lambda_identity: 0, train.precision: tf32}
  f: {base: cyclegan, model.d_norm: none, train.micro_batch: 2, train.pool_size: 0, run.recompute: true}
  g: {base: scgan, data.image_size: 256}
model: {generator_width: 4, generator_blocks: 1, discriminator_width: 4}
train: {steps: 2, batch_size: 4, micro_batch: 1}
evaluate: {kid_subsets: 5}
run: {sample_images: 1, check_steps: 2}
)";

TEST_F(Gpus, EveryModelUsesDeterministicKernelsAndProducesTheSameBytesOnTwoRanks) {
  write_text(path("tiny.yaml"), kManyModels);
  const Digests alone = digests_of(command(1, {}), "[7/7]");
  EXPECT_EQ(digests_of(command(2, {"--set", "run.ranks_per_run=2"}), "by NCCL"), alone);
}

// Delays kernels at random: code that does not wait for a stream reads too early.
TEST_F(Gpus, DelayedKernelsChangeNoBytes) {
  for (const char* reduction : {"canonical", "allreduce"}) {
    Command made = command(2, kFewSteps + Words{"--set", "run.ranks_per_run=2", "--set",
                                                std::string("run.reduction=") + reduction});
    const Digests prompt = digests_of(made, "by NCCL");
    made.environment["SCGAN_STAND_IN_LAG_US"] = "500";
    EXPECT_EQ(digests_of(made, "by NCCL"), prompt) << reduction;
  }
}

TEST_F(Gpus, RecordedStepsProduceTheSameBytes) {
  const Words scgan{"--set", "sweep.variants=[scgan]", "--set", "train.steps=8"};
  EXPECT_EQ(digests_of(command(1, scgan + kCudaGraph), kRecorded), on_one_rank(scgan));
}

TEST_F(Gpus, AKilledSweepOfRecordedStepsResumesToTheSameBytes) {
  const Digests& undisturbed = on_one_rank(kLong);
  const Words runs = kLong + kCudaGraph;
  Subprocess process(command(1, runs));
  EXPECT_TRUE(
      wait_until([&] { return newest_checkpoint(path("out")) >= 6 || !process.running(); }));
  ASSERT_TRUE(process.running()) << process.err();
  kill(process.children().at(0), SIGKILL);
  const Ended& ended = process.wait(seconds(10));
  EXPECT_EQ(ended.exit_code, 128 + SIGKILL) << ended.text();
  EXPECT_THAT(ended.err, HasSubstr(kRecorded));
  EXPECT_EQ(digests_of(command(1, runs), "continues from step "), undisturbed);
}

// Both runs have recorded their steps when the rank of the shorter one joins the longer one.
TEST_F(Gpus, AFreeRankJoinsARunOfRecordedSteps) {
  const Words runs{"--set", "sweep.variants=[cyclegan_diffaug]", "--set",
                   "sweep.axes={train.steps: [6, 30]}"};
  const Ended ended = run(command(2, runs + kCudaGraph));
  EXPECT_EQ(ended.exit_code, 0) << ended.text();
  EXPECT_THAT(ended.err, HasSubstr(": 2 ranks from step "));
  const size_t first = ended.err.find(kRecorded);
  EXPECT_NE(first, std::string::npos);
  EXPECT_NE(ended.err.find(kRecorded, first + 1), std::string::npos) << ended.err;
  const Digests joined = result_digests(path("out"));
  fs::remove_all(path("out"));
  EXPECT_EQ(joined, on_one_rank(runs));
}

TEST_F(Gpus, AFreeRankJoinsOverNccl) {
  EXPECT_EQ(digests_of(command(2, kShortAndLong), ": 2 ranks from step "),
            on_one_rank(kShortAndLong));
}

// The run that it leaves has one rank again, which records its steps.
TEST_F(Gpus, ARankLeavesARunOverNccl) {
  const auto process =
      started_until_a_rank_leaves(command(3, kARankMoves + kCudaGraph), path("out"));
  const Ended& ended = process->wait(seconds(60));
  EXPECT_EQ(ended.exit_code, 0) << ended.text();
  const Digests left = result_digests(path("out"));
  fs::remove_all(path("out"));
  EXPECT_EQ(left, on_one_rank(kARankMoves));
}

TEST_F(Gpus, AKilledOrStoppedSweepResumesToTheSameBytes) {
  const Digests& undisturbed = on_one_rank(kLong);
  for (const auto& [signal, victim] : {std::pair{SIGKILL, 0}, {SIGKILL, 1}, {SIGUSR2, 1}}) {
    const auto process = started();
    kill(process->children().at(static_cast<size_t>(victim)), signal);
    const Ended& ended = process->wait(seconds(10));
    EXPECT_FALSE(ended.timed_out) << ended.text();
    EXPECT_EQ(ended.exit_code, signal == SIGKILL ? 128 + SIGKILL : kStopped) << ended.text();
    // At another world size.
    const Words more = kLong + Words{"--set", "run.ranks_per_run=4"};
    EXPECT_EQ(digests_of(command(4, more), "continues from step "), undisturbed);
  }
}

// If a rank on the same host is lost, NCCL's work never ends and reports no error.
TEST_F(Gpus, AStoppedRankIsNamedAndEndsTheJob) {
  const auto process =
      started({{"SCGAN_TIMEOUT_SECONDS", "10"}, {"SCGAN_STAND_IN_NCCL_SILENT", "1"}});
  kill(process->children().at(1), SIGSTOP);
  const Ended& ended = process->wait(seconds(40));
  EXPECT_FALSE(ended.timed_out);
  EXPECT_EQ(ended.exit_code, kLost) << ended.text();
  EXPECT_THAT(ended.err, AllOf(HasSubstr("rank 1 has sent no heartbeat for 5 s"),
                               AnyOf(HasSubstr("in all_gather"), HasSubstr("in all_to_all"),
                                     HasSubstr("in broadcast"))));
}

TEST_F(Gpus, OutOfMemoryFailsTheRunAndARetryWithMoreMemorySucceeds) {
  Command made = command(1, {});
  made.environment["SCGAN_STAND_IN_MEMORY_MIB"] = "20";
  const Ended ended = run(made);
  EXPECT_EQ(ended.exit_code, kFailedRuns) << ended.text();
  const auto out_of_memory = HasSubstr("out_of_memory: CUDA out of memory");
  EXPECT_THAT(attempt_ends(path("out")), ElementsAre(out_of_memory));
  made.environment.erase("SCGAN_STAND_IN_MEMORY_MIB");
  made.words.emplace_back("--retry-failed");
  EXPECT_EQ(run(made).exit_code, 0);
  EXPECT_THAT(attempt_ends(path("out")), ElementsAre(out_of_memory, HasSubstr("done")));
}

// The workspace of cuDNN's default algorithm does not fit; another algorithm would change bits.
TEST_F(Gpus, OutOfMemoryDoesNotSwitchToAnotherAlgorithm) {
  Command made = command(1, kFewSteps);
  made.environment["SCGAN_STAND_IN_WORKSPACE_MIB"] = "40";
  const Digests expected = digests_of(made, "done");
  made.environment["SCGAN_STAND_IN_MEMORY_MIB"] = "39";
  const Ended ended = run(made);
  EXPECT_EQ(ended.exit_code, kFailedRuns) << ended.text();
  EXPECT_THAT(attempt_ends(path("out")), ElementsAre(HasSubstr("out_of_memory: CUDA out of")));
  made.environment.erase("SCGAN_STAND_IN_MEMORY_MIB");
  made.words.emplace_back("--retry-failed");
  EXPECT_EQ(digests_of(made, "done"), expected);
}

TEST_F(Gpus, AnAllocatorThatDoesNotReportFailedAllocationsIsAnError) {
  Command made = command(1, {});
  made.environment["PYTORCH_ALLOC_CONF"] = "backend:cudaMallocAsync";
  const Ended ended = run(made);
  EXPECT_EQ(ended.exit_code, kBadInput) << ended.text();
  EXPECT_THAT(ended.err, HasSubstr("allocator is cudaMallocAsync"));
  EXPECT_FALSE(fs::exists(path("out")));
}

// NCCL allocates outside LibTorch's cache, which still holds what the larger run on rank 0 needed,
// at the first exchange between two ranks, in a step that needs memory itself.
TEST_F(Gpus, NcclCanAllocateTheMemoryThatLibTorchCached) {
  write_text(path("tiny.yaml"), R"(name: memory
data: {kind: synthetic, image_size: 64, synthetic: {train_images: 8, test_images: 4}}
sweep: {variants: [large, long], percentages: [100], seeds: [0]}
variants:
  large: {base: cyclegan, data.image_size: 256, train.steps: 1}
  long: {base: cyclegan, train.steps: 60}
model: {generator_width: 4, generator_blocks: 1, discriminator_width: 4}
train: {batch_size: 2, micro_batch: 1}
evaluate: {kid_subsets: 5}
run: {sample_images: 1}
)");
  const Digests alone = digests_of(command(1, {}), "done");
  Command made = command(2, {});
  made.environment["SCGAN_STAND_IN_MEMORY_MIB"] = "200";
  made.environment["SCGAN_STAND_IN_NCCL_MIB"] = "120";
  EXPECT_EQ(digests_of(made, "long 100 % seed 0: 2 ranks from step "), alone);
}

// On two ranks NCCL needs memory, too. Whether a run succeeds must not depend on whether other
// ranks were free.
TEST_F(Gpus, ARunThatOnlyFitsOnOneRankIsTriedThere) {
  for (const Words& runs : {kShortAndLong, kLong}) {  // joined; started on two ranks
    const Digests& alone = on_one_rank(runs);
    Command made = command(2, runs);
    made.environment["SCGAN_STAND_IN_MEMORY_MIB"] = "74";
    made.environment["SCGAN_STAND_IN_NCCL_MIB"] = "45";
    const Ended ended = run(made);
    EXPECT_EQ(ended.exit_code, 0) << ended.text();
    EXPECT_THAT(attempt_ends(path("out")),
                testing::Contains(HasSubstr("out_of_memory_may_fit: CUDA out of memory")));
    EXPECT_EQ(result_digests(path("out")), alone);
    fs::remove_all(path("out"));
  }
}

// NCCL cannot allocate at all: the ranks can only end the job.
TEST_F(Gpus, ARunThatNoRankCanJoinResumesOnOneRankInTheNextJob) {
  const Digests& alone = on_one_rank(kShortAndLong);
  Command made = command(2, kShortAndLong);
  made.environment["SCGAN_STAND_IN_MEMORY_MIB"] = "60";
  made.environment["SCGAN_STAND_IN_NCCL_MIB"] = "59";
  const Ended ended = run(made);
  EXPECT_EQ(ended.exit_code, kLost) << ended.text();
  EXPECT_THAT(attempt_ends(path("out")),
              testing::Contains(HasSubstr("out_of_memory_may_fit: all_to_all")));
  EXPECT_EQ(digests_of(made, "done"), alone);
}

// Both ranks run out of memory at different times: at the start, in a step, during the sum.
TEST_F(Gpus, OutOfMemoryOnTwoRanksDoesNotAffectOtherRuns) {
  for (const char* mib : {"11", "14", "20"}) {
    Command made = command(2, kTwoRuns + Words{"--set", "run.ranks_per_run=2"});
    made.environment["SCGAN_STAND_IN_MEMORY_MIB"] = mib;
    const Ended ended = run(made);
    EXPECT_EQ(ended.exit_code, kFailedRuns) << mib << ended.text();
    const auto out_of_memory = HasSubstr("out_of_memory: CUDA out of memory");
    EXPECT_THAT(attempt_ends(path("out")), ElementsAre(out_of_memory, out_of_memory));
    fs::remove_all(path("out"));
  }
}

// One rank runs out of memory during a sum of gradients, in which the other rank's GPU takes part.
TEST_F(Gpus, OutOfMemoryDuringTheSumDoesNotBlockTheOtherRank) {
  // netD_B's forward and backward passes in the first step, in which a rank launches 935 kernels,
  // those of the discriminator from the 740th on.
  for (const char* kernels : {"800", "850", "900"}) {
    Command made = command(
        1, {"--set", "run.ranks_per_run=2", "--set", "sweep.variants=[cyclegan_diffaug]"}, 2);
    const auto program = std::find(made.words.begin(), made.words.end(), SCGAN_SWEEP);
    const Words both(program, made.words.end());
    const Words second{":",
                       "-n",
                       "1",
                       "-x",
                       "LD_PRELOAD=" SCGAN_STAND_IN_GPU,
                       "-x",
                       std::string("SCGAN_STAND_IN_SHORT_AFTER=") + kernels};
    made.words = made.words + second + both;
    made.environment["SCGAN_STAND_IN_LINK_MS"] = "300";
    made.environment["SCGAN_STAND_IN_NCCL_SILENT"] = "1";
    made.environment["SCGAN_TIMEOUT_SECONDS"] = "60";
    const Ended ended = run(made, seconds(40));
    EXPECT_FALSE(ended.timed_out) << kernels << ended.text();
    EXPECT_EQ(ended.exit_code, kFailedRuns) << kernels << ended.text();
    EXPECT_THAT(attempt_ends(path("out")), ElementsAre("out_of_memory: CUDA out of memory."));
    fs::remove_all(path("out"));
  }
}

// Otherwise the failed GPU would fail every run of the sweep.
TEST_F(Gpus, AFailedGpuEndsTheJobWhichResumesLater) {
  Command made = command(1, kTwoRuns + kFewSteps);
  made.environment["SCGAN_STAND_IN_LOST_AFTER"] = "2000";  // kernels, in the first run
  const Ended ended = run(made);
  EXPECT_EQ(ended.exit_code, kLost) << ended.text();
  EXPECT_THAT(ended.err, HasSubstr("uncorrectable ECC error")) << ended.text();
  EXPECT_THAT(attempt_ends(path("out")), ElementsAre(HasSubstr("lost: CUDA error: ")));
  made.environment.erase("SCGAN_STAND_IN_LOST_AFTER");
  EXPECT_EQ(run(made).exit_code, 0);
  EXPECT_THAT(attempt_ends(path("out")),
              ElementsAre(HasSubstr("lost: CUDA error: "), "done: ", "done: "));
}

// The rank trains alone: no other rank waits for it, and its heartbeat thread is still alive.
TEST_F(Gpus, AStuckGpuEndsTheJob) {
  Command made = command(1, kLong);
  made.environment["SCGAN_STAND_IN_STUCK_AFTER"] = "20000";  // kernels, some steps
  made.environment["SCGAN_TIMEOUT_SECONDS"] = "10";
  const Ended ended = run(made, seconds(60));
  EXPECT_FALSE(ended.timed_out);
  EXPECT_EQ(ended.exit_code, kLost) << ended.text();
  EXPECT_THAT(ended.err,
              HasSubstr("has made no progress for 9 s: its GPU is stuck. Last activity: run "));
  EXPECT_THAT(attempt_ends(path("out")), ElementsAre(HasSubstr("lost: rank 0 on host ")));
}

TEST_F(Gpus, OnlyVisibleGpusAreUsed) {
  Command made = command(2, {"--set", "run.ranks_per_run=2"}, 3);
  made.environment["CUDA_VISIBLE_DEVICES"] = "2";
  digests_of(made, "ranks 0 and 1 share the GPU at 0000:03:00.0");
  made.environment["CUDA_VISIBLE_DEVICES"] = "";
  const Ended ended = run(made);
  EXPECT_EQ(ended.exit_code, kBadInput) << ended.text();
  EXPECT_THAT(ended.err, HasSubstr("no GPU is visible"));
}

}  // namespace
}  // namespace scgan::end_to_end
