// Whether the devices of a job's ranks can train its runs.
#pragma once

#include <cstdint>
#include <string>

#include "sweeps/plan/schedule.h"
#include "sweeps/run/job_plan.h"

namespace scgan::sweeps {

// Throws Error(kInvalidSpec) if a run asks for more ranks than compute on one device, or for an
// arithmetic that a device lacks. Warns if a device computes it slowly.
void require_devices(const JobPlan& plan, const Devices& devices);

// For a dry run, which may be on a login node: throws Error(kInvalidSpec) if no job with `--device
// FLAG` can train the runs, and warns if none can on this machine.
void check_device_flag(const JobPlan& plan, const std::string& flag);

// What to warn of when `ranks` ranks of a host with `cores_of_host` cores, each of which may use
// `cores` of them, train with `threads` threads each: empty if each thread has a core.
std::string few_cores_text(int64_t threads, int ranks, int cores, int cores_of_host);

// Warns of this, if rank 0, which calls it, computes on a CPU.
void warn_of_few_cores(const JobPlan& plan, const Devices& devices);

// Warns if the devices differ.
void warn_of_different_devices(const Devices& devices);

}  // namespace scgan::sweeps
