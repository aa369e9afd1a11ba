// step_bench [SWEEP] [--set KEY=VALUE]... [--device cuda] [--threads N] [--steps N] [--trace FILE]:
// times the training step of the sweep's first run, with one batch that stays in host memory, on
// one rank or on those that mpirun starts. Rank 0 prints one line of JSON, with the SHA-256 of the
// weights after all steps. --trace then records three more steps with LibTorch's profiler.
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>
#include <torch/csrc/autograd/profiler_kineto.h>

#include <CLI/App.hpp>
#include <algorithm>
#include <chrono>
#include <ctime>
#include <functional>
#include <limits>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/sha256.h"
#include "core/data/dataset_source.h"
#include "core/model/determinism.h"
#include "core/spec/validate.h"
#include "core/train/gan_step.h"
#include "distributed/communicator_factory.h"
#include "distributed/device.h"
#include "distributed/environment.h"
#include "distributed/gpu_graph.h"
#include "distributed/mpi_runtime.h"
#include "sweeps/plan/expand.h"
#include "sweeps/plan/sweep_yaml.h"
#include "tools/cli.h"

namespace scgan {
namespace {

constexpr int kWarmUpSteps = 5, kTracedSteps = 3;  // with run.cuda_graph, the fourth is recorded
constexpr double kLearningRate = 2e-4;

struct Options {
  std::string sweep = "examples/quickstart.yaml", device = "cpu", trace;
  std::vector<std::string> sets;
  int steps = 10, threads = 1;
};

void synchronize(c10::Device device) {
  if (device.is_cuda())
    c10::impl::VirtualGuardImpl(device.type()).synchronizeDevice(device.index());
}

// The most memory that tensors took at once on a GPU, or the process on the CPU.
double peak_mib(c10::Device device) {
  if (!device.is_cuda()) {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) / (1 << 10);
  }
  const auto stats = c10::getDeviceAllocator(device.type())->getDeviceStats(device.index());
  constexpr size_t kAll = 0;
  return static_cast<double>(stats.allocated_bytes[kAll].peak) / (1 << 20);
}

std::string weights_sha256(const TrainState& state) {
  Sha256 hash;
  for (const ParameterArena* arena :
       {&state.generators, &state.netD_A.arena, &state.netD_B.arena}) {
    const at::Tensor values = arena->values().cpu();
    hash.update(values.const_data_ptr(), values.nbytes());
  }
  return hash.hex();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Of all threads of this process.
double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

void record(const std::string& file, c10::Device device, const std::function<void()>& work) {
  namespace profiler = torch::autograd::profiler;
  using torch::profiler::impl::ActivityType;
  std::set activities{ActivityType::CPU};
  if (device.is_cuda()) activities.insert(ActivityType::CUDA);
  const torch::profiler::impl::ProfilerConfig config(torch::profiler::impl::ProfilerState::KINETO);
  profiler::prepareProfiler(config, activities);
  profiler::enableProfiler(config, activities, {at::RecordScope::FUNCTION});
  work();
  profiler::disableProfiler()->save(file);
}

void run(const Options& options) {
  const auto sweep = sweeps::read_sweep(read_file(options.sweep), options.sweep, options.sets, ".");
  const RunSpec spec = sweeps::expand(sweep).front();
  const distributed::MpiRuntime mpi;
  const c10::Device device = distributed::choose_device(options.device, mpi.local_rank());
  make_deterministic(options.threads);
  const Dataset data = DatasetSource(spec.data).load();
  const DataLoader loader(spec, data, device, std::numeric_limits<int64_t>::max());
  const std::vector<int> possible = possible_ranks_per_run(spec);
  if (std::ranges::count(possible, mpi.size()) == 0)
    throw Error(ErrorKind::kInvalidSpec, fmt::format("{} ranks cannot share this run; possible: {}",
                                                     mpi.size(), fmt::join(possible, ", ")));
  std::vector<int> ranks(static_cast<size_t>(mpi.size()));
  std::iota(ranks.begin(), ranks.end(), 0);
  const auto communicator = distributed::make_rank_group(ranks, device);
  TrainState state(spec, device);
  GanStep step(spec, state, *communicator, distributed::gpu_recorder(device));
  const Batch batch = loader.batch(0);
  const auto run_steps = [&](int count) {
    for (int i = 0; i < count; ++i) step.run(batch, kLearningRate);
    synchronize(device);
  };
  run_steps(kWarmUpSteps);
  std::vector<double> seconds;
  std::vector<double> cpu;
  for (int i = 0; i < options.steps; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const double cpu_begin = cpu_seconds();
    run_steps(1);
    cpu.push_back(cpu_seconds() - cpu_begin);
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begin;
    seconds.push_back(passed.count());
  }
  const double peak = peak_mib(device);
  step.collect_discriminators();
  const std::string weights = weights_sha256(state);
  if (!options.trace.empty()) record(options.trace, device, [&] { run_steps(kTracedSteps); });
  if (mpi.rank() != 0) return;
  const auto [least, most] = std::ranges::minmax(seconds);
  fmt::print(
      "{{\"median_seconds\": {:.6g}, \"least_seconds\": {:.6g}, \"most_seconds\": {:.6g}, "
      "\"cpu_seconds\": {:.6g}, \"peak_mib\": {:.0f}, \"weights_sha256\": \"{}\", "
      "\"traced_steps\": {}}}\n",
      median(seconds), least, most, median(cpu), peak, weights,
      options.trace.empty() ? 0 : kTracedSteps);
}

constexpr tools::Program kProgram{"step_bench",
                                  "Times the training step of the first run of a sweep.", ""};

void add_options(CLI::App& app, Options& options) {
  app.add_option("sweep", options.sweep, "Sweep file (YAML)")->capture_default_str();
  app.add_option("--set", options.sets, "key=value")->allow_extra_args(false);
  app.add_option("--device", options.device, "cpu or cuda")->capture_default_str();
  app.add_option("--threads", options.threads, "CPU threads")->check(CLI::PositiveNumber);
  app.add_option("--steps", options.steps, "Steps timed")->check(CLI::PositiveNumber);
  app.add_option("--trace", options.trace, "Record three more steps into this file");
}

}  // namespace
}  // namespace scgan

int main(int argc, char** argv) {
  scgan::distributed::fix_environment(argv);
  scgan::use_deterministic_kernels();
  scgan::Options options;
  return scgan::tools::run_program(
      scgan::kProgram, argc, argv, [&](CLI::App& app) { scgan::add_options(app, options); },
      [&] {
        scgan::run(options);
        return 0;
      });
}
