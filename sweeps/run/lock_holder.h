// Who holds an output folder: a process, named so that another one can find out whether it is
// alive.
#pragma once

#include <cstdint>
#include <string>

namespace scgan::sweeps {

struct LockHolder {
  std::string host;
  int64_t process = 0;
  int64_t start_ticks = 0;    // of the process, since the host's boot: ids are used again
  std::string boot_id;        // of the host: names of hosts are no proof
  std::string pid_namespace;  // in which `process` counts; containers have their own
  std::string slurm_job;      // "" outside Slurm
  std::string since;          // UTC, for the eye
};

// This process.
LockHolder this_process();

// "process 4711 on host node17 (Slurm job 98765), since 2026-11-25 04:34:32 UTC".
std::string to_text(const LockHolder& holder);

// One line of JSON, and back. The latter throws Error(kStorage) for anything else.
std::string to_json_line(const LockHolder& holder);
LockHolder holder_from_json(const std::string& line);

// Whether its process ids mean the same here: only then can be said that it is gone.
bool shares_processes(const LockHolder& holder);

// For holders that share processes: whether it still runs. A zombie does not.
bool is_alive(const LockHolder& holder);

}  // namespace scgan::sweeps
