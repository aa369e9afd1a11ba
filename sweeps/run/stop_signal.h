// Stop requests by signal: SIGUSR2, SIGTERM and SIGINT only set a flag; a second one within 10 s
// ends at once.
#pragma once

namespace scgan::sweeps {

// Installs the handlers. Signals less than a second apart count as one: launchers often send two.
void install_stop_signals();

// Whether a stop was requested of this process.
bool stop_signalled();

}  // namespace scgan::sweeps
