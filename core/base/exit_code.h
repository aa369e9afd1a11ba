// The exit codes of all programs.
#pragma once

#include "core/base/error.h"

namespace scgan {

inline constexpr int kExitDone = 0;
// Some runs or input files failed; the others are done and stored. Of a check: it found problems.
inline constexpr int kExitSomeFailed = 1;
// Bad flags, sweep file or data; nothing was changed.
inline constexpr int kExitBadInput = 2;
// A rank, a device or storage was lost.
inline constexpr int kExitLost = 3;
// Stopped on request with work left: start the program again.
inline constexpr int kExitStopped = 75;

// Of a program that ends with this error.
constexpr int exit_code(ErrorKind kind) {
  return kind == ErrorKind::kInvalidSpec || kind == ErrorKind::kData ? kExitBadInput : kExitLost;
}

}  // namespace scgan
