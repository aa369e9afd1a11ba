// Stop requests by signal: SIGUSR2, SIGTERM and SIGINT only set a flag; a second one within 10 s
// ends at once.
#pragma once

namespace scgan::sweeps {

// Installs the handlers; a file that would grow over the process's limit (ulimit -f) becomes an
// error of its writer, not a signal. Stop signals less than a second apart count as one: launchers
// often send two.
void install_stop_signals();

// Whether a stop was requested of this process.
bool stop_signalled();

}  // namespace scgan::sweeps
