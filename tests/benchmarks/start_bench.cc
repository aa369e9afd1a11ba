// start_bench [SWEEP] [--set KEY=VALUE]... [--device cuda] [--starts N]: times what a rank does
// between two runs of a sweep whose inputs it has, for the first run of the sweep: the parts of the
// start, and a checkpoint. Prints one line of JSON, in milliseconds: of each part the least, which
// other programs on the machine disturb least.
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/comm/solo_communicator.h"
#include "core/data/dataset_source.h"
#include "core/model/determinism.h"
#include "core/model/network_factory.h"
#include "core/train/checkpoint_writer.h"
#include "core/train/gan_step.h"
#include "core/train/trainer.h"
#include "distributed/device.h"
#include "distributed/environment.h"
#include "sweeps/plan/expand.h"
#include "sweeps/plan/sweep_yaml.h"
#include "tests/support/temp_dir.h"
#include "tools/cli.h"

namespace scgan {
namespace {

struct Options {
  std::string sweep = "examples/quickstart.yaml", device = "cpu";
  std::vector<std::string> sets;
  int starts = 5, threads = 1;
};

// Milliseconds by part.
class Times {
 public:
  void measure(const std::string& part, const std::function<void()>& work) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double, std::milli> passed =
        std::chrono::steady_clock::now() - begin;
    const auto [entry, is_first] = least_.emplace(part, passed.count());
    if (!is_first) entry->second = std::min(entry->second, passed.count());
  }
  std::string json() const {
    std::string text;
    for (const auto& [part, least] : least_) {
      text += fmt::format("{}\"{}_ms\": {:.1f}", text.empty() ? "" : ", ", part, least);
    }
    return "{" + text + "}";
  }

 private:
  std::map<std::string, double> least_;
};

void run(const Options& options) {
  const auto sweep = sweeps::read_sweep(read_file(options.sweep), options.sweep, options.sets, ".");
  const RunSpec spec = sweeps::expand(sweep).front();
  const c10::Device device = distributed::choose_device(options.device, 0);
  make_deterministic(options.threads);
  const Dataset data = DatasetSource(spec.data).load();
  SoloCommunicator communicator;
  Times times;
  for (int start = 0; start < options.starts; ++start) {
    const TempDir folder;
    std::optional<DataLoader> loader;
    times.measure("loader", [&] { loader.emplace(spec, data); });
    std::unique_ptr<Trainer> trainer;
    times.measure("trainer", [&] {
      trainer = std::make_unique<Trainer>(spec, "0123456789abcdef", *loader, communicator, device,
                                          folder.path());
    });
    times.measure("resume", [&] { trainer->resume(); });
    // Of the trainer's time: the networks, and drawing their weights.
    std::vector<std::shared_ptr<Network>> networks;
    times.measure("empty_networks", [&] {
      for (int i = 0; i < 2; ++i) {
        networks.push_back(make_generator(spec.model));
        networks.push_back(make_discriminator(spec.model, spec.data.image_size));
      }
    });
    times.measure("initial_weights", [&] {
      for (const auto& network : networks) initialize(*network, start, NetworkIndex::kGA);
    });
    networks.clear();
    const CheckpointFolder checkpoints(folder.path(), "0123456789abcdef");
    CheckpointWriter writer(checkpoints);
    const TrainState& state = trainer->state();
    for (int64_t step = 1; step <= 2; ++step) {  // the first one allocates the copy
      times.measure(step == 1 ? "first_checkpoint_copy" : "checkpoint_copy",
                    [&] { writer.save(step, state.tensors(), state.counters()); });
      times.measure("checkpoint_write", [&] { writer.wait(); });
    }
    times.measure("end", [&] { trainer.reset(); });
  }
  fmt::print("{}\n", times.json());
}

constexpr tools::Program kProgram{
    "start_bench", "Times the start of the first run of a sweep, and checkpoints.", ""};

void add_options(CLI::App& app, Options& options) {
  app.add_option("sweep", options.sweep, "Sweep file (YAML)")->capture_default_str();
  app.add_option("--set", options.sets, "key=value")->allow_extra_args(false);
  app.add_option("--device", options.device, "cpu or cuda")->capture_default_str();
  app.add_option("--threads", options.threads, "CPU threads")->check(CLI::PositiveNumber);
  app.add_option("--starts", options.starts, "Starts timed")->check(CLI::PositiveNumber);
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
