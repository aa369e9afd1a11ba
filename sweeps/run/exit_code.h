// Exit codes of scgan_sweep.
#pragma once

namespace scgan::sweeps {

inline constexpr int kExitDone = 0;        // all runs are done
inline constexpr int kExitFailedRuns = 1;  // some runs failed; the others are done and stored
inline constexpr int kExitBadInput = 2;    // flags, sweep file or data; nothing was changed
inline constexpr int kExitLost = 3;        // a rank, device or storage was lost
inline constexpr int kExitStopped = 75;    // stopped on request with work left: start again

}  // namespace scgan::sweeps
