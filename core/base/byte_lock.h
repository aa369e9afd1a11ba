// Advisory locks on single bytes of an open file, among processes and, where the file system passes
// them on, among hosts. A lock belongs to the descriptor and ends when that is closed, however the
// program ends. A byte past the end of the file can be locked, too.
#pragma once

#include <chrono>
#include <cstdint>

namespace scgan {

enum class ByteLock { kShared, kExclusive };

// Waits until no other descriptor has a lock on the byte that excludes this one. The descriptor
// must be open for writing for kExclusive, for reading for kShared. False if the file system has no
// locks, or if another descriptor still has its lock after `limit`.
bool lock_byte(int descriptor, int64_t byte, ByteLock kind,
               std::chrono::seconds limit = std::chrono::minutes(10));
void unlock_byte(int descriptor, int64_t byte);

// Whether another descriptor has a lock of either kind on the byte.
bool is_locked_elsewhere(int descriptor, int64_t byte);

}  // namespace scgan
