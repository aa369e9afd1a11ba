// One job per output folder: a lock file held for the life of the job, which names its holder.
#pragma once

#include <filesystem>
#include <string>

#include "core/base/unique_handle.h"

namespace scgan::sweeps {

class OutputLock {
 public:
  // Throws Error(kInvalidSpec) naming who holds the folder and since when; Error(kStorage) when it
  // cannot be written. The system drops the lock when the process ends, however it ends.
  explicit OutputLock(const std::filesystem::path& folder);

 private:
  struct Descriptor {
    using Handle = int;
    static Handle null() noexcept { return -1; }
    static void close(Handle handle) noexcept;
  };
  UniqueHandle<Descriptor> file_;
};

}  // namespace scgan::sweeps
