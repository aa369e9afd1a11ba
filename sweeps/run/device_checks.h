// Whether the devices of a job's ranks can train its runs.
#pragma once

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

// Warns if the devices differ.
void warn_of_different_devices(const Devices& devices);

}  // namespace scgan::sweeps
