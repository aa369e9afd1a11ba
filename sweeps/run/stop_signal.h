// Stop requests by signal: SIGUSR2, SIGTERM and SIGINT set a flag; a second one within 10 s ends
// the process at once.
#pragma once

namespace scgan::sweeps {

// Installs the handlers. Stop signals less than a second apart count as one, because launchers
// often send two. Also ignores SIGXFSZ: writing beyond the process's file size limit (ulimit -f)
// then fails with an error.
void install_stop_signals();

// Whether this process has received a stop signal.
bool stop_signalled();

}  // namespace scgan::sweeps
