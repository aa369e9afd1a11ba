// LockHolder: the process that holds an output folder, described so that another process can tell
// whether it still runs.
#pragma once

#include <cstdint>
#include <string>

namespace scgan::sweeps {

struct LockHolder {
  std::string host;
  int64_t process = 0;
  // When the process started, in ticks since the host's boot: process ids are reused.
  int64_t start_ticks = 0;
  // Identifies the host: host names are not unique.
  std::string boot_id;
  // The namespace of `process`; each container has its own.
  std::string pid_namespace;
  // "" outside Slurm.
  std::string slurm_job;
  // UTC, for messages.
  std::string since;
};

// This process.
LockHolder this_process();

// "process 4711 on host node17 (Slurm job 98765), since 2026-11-25 04:34:32 UTC".
std::string to_text(const LockHolder& holder);

// One line of JSON, and back. holder_from_json throws Error(kStorage) for any other text.
std::string to_json_line(const LockHolder& holder);
LockHolder holder_from_json(const std::string& line);

// Whether the holder has the process ids of this process, so that is_alive() applies to it.
bool shares_processes(const LockHolder& holder);

// Whether a holder that shares processes still runs. A zombie does not.
bool is_alive(const LockHolder& holder);

}  // namespace scgan::sweeps
