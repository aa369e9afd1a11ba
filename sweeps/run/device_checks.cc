#include "sweeps/run/device_checks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/model/arithmetic.h"
#include "distributed/device.h"
#include "distributed/environment.h"

namespace scgan::sweeps {
namespace {

// "ranks 0, 1: cpu: x; rank 2: cpu: y".
std::string devices_text(const Devices& devices) {
  std::map<std::string, std::vector<size_t>> ranks;
  for (size_t rank = 0; rank < devices.size(); ++rank) ranks[devices[rank]].push_back(rank);
  std::vector<std::string> parts;
  for (const auto& [device, of_it] : ranks) {
    parts.push_back(
        fmt::format("rank{} {}: {}", of_it.size() == 1 ? "" : "s", fmt::join(of_it, ", "), device));
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

// That no run asks for more ranks than compute on one device.
void require_ranks(const JobPlan& plan, const Devices& devices) {
  const int most = most_alike(devices);
  for (const JobRun& run : plan.runs) {
    if (run.spec.run.ranks_per_run <= most) continue;
    throw Error(
        ErrorKind::kInvalidSpec,
        fmt::format("run.ranks_per_run: {} is not possible: at most {} of {} ranks compute on the "
                    "same device, and others would produce other bits ({})",
                    run.spec.run.ranks_per_run, most, devices.size(), devices_text(devices)));
  }
}

bool any_has(const JobPlan& plan, Precision precision) {
  return std::ranges::any_of(
      plan.runs, [&](const JobRun& run) { return run.spec.train.precision == precision; });
}

[[noreturn]] void refuse_tf32() {
  throw Error(ErrorKind::kInvalidSpec,
              "train.precision: tf32 needs GPUs, but ranks compute on CPUs; take fp32 or bf16");
}

// That no run asks for the arithmetic of GPUs where a rank has none.
void require_precisions(const JobPlan& plan, const Devices& devices) {
  const bool on_cpus = std::ranges::any_of(
      devices, [](const std::string& device) { return device.starts_with("cpu"); });
  if (!on_cpus) return;
  if (any_has(plan, Precision::kTf32)) refuse_tf32();
  if (any_has(plan, Precision::kBf16) && !cpu_has_bf16()) {
    log::warn(
        "train.precision: this processor has no bfloat16 arithmetic; bf16 is slower than fp32 "
        "(docs/benchmarks.md)");
  }
}

}  // namespace

void require_devices(const JobPlan& plan, const Devices& devices) {
  require_ranks(plan, devices);
  require_precisions(plan, devices);
}

void check_device_flag(const JobPlan& plan, const std::string& flag) {
  if (!any_has(plan, Precision::kTf32)) return;
  if (flag == "cpu") refuse_tf32();
  if (flag == "auto" && distributed::choose_device(flag, 0).is_cpu()) {
    log::warn(
        "train.precision: tf32 needs GPUs, which this machine does not have: the sweep starts only "
        "where each rank has one");
  }
}

std::string few_cores_text(int64_t threads, int ranks, int cores, int cores_of_host) {
  if (threads == 1) return "";
  if (threads > cores) {
    return fmt::format("train.threads: the {} threads of a rank share {} core{}, which is slow{}",
                       threads, cores, cores == 1 ? "" : "s",
                       cores < cores_of_host && ranks > 1
                           ? "; mpirun binds ranks to cores unless it has --bind-to none"
                           : "");
  }
  if (cores < cores_of_host || ranks * threads <= cores) return "";
  return fmt::format("train.threads: {} ranks with {} threads each share {} cores, which is slow",
                     ranks, threads, cores);
}

void warn_of_few_cores(const JobPlan& plan, const Devices& devices) {
  if (!devices.front().starts_with("cpu")) return;
  int64_t threads = 1;
  for (const JobRun& run : plan.runs) threads = std::max(threads, run.spec.train.threads);
  const std::string text =
      few_cores_text(threads, distributed::ranks_on_host(), distributed::usable_cores(),
                     distributed::cores_of_host());
  if (!text.empty()) log::warn("{}", text);
}

void warn_of_different_devices(const Devices& devices) {
  if (most_alike(devices) == static_cast<int>(devices.size())) return;
  log::warn(
      "the ranks compute on different devices, whose results differ in their bits: each run "
      "stays on one device, but the schedule decides on which ({})",
      devices_text(devices));
}

}  // namespace scgan::sweeps
