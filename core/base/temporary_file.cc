#include "core/base/temporary_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/base/error.h"

namespace scgan {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& place, const char* problem, int number) {
  throw Error(ErrorKind::kStorage,
              fmt::format("{}: {}: {}", place.string(), problem, std::strerror(number)));
}

fs::path nearest_folder(const fs::path& folder) {
  std::error_code failed;
  fs::path place = fs::absolute(folder);
  while (!fs::is_directory(place, failed) && place.has_relative_path()) place = place.parent_path();
  return place;
}

// For file systems without O_TMPFILE.
Descriptor named_and_removed(const fs::path& place) {
  std::string pattern = (place / ".scgan-XXXXXX").string();
  Descriptor file(::mkostemp(pattern.data(), O_CLOEXEC));
  if (!file) fail(place, "a temporary file cannot be made here", errno);
  ::unlink(pattern.c_str());
  return file;
}

// Runs pread or pwrite until all is done.
template <typename Move>
void move_all(size_t count, const fs::path& place, const char* problem, const Move& move) {
  for (size_t done = 0; done < count;) {
    const ssize_t moved = move(done);
    if (moved < 0 && errno == EINTR) continue;
    if (moved <= 0) fail(place, problem, moved < 0 ? errno : EIO);
    done += static_cast<size_t>(moved);
  }
}

}  // namespace

TemporaryFile TemporaryFile::in_memory() {
  Descriptor file(::memfd_create("scgan", MFD_CLOEXEC));
  if (!file) fail("memory", "cannot be had as a file", errno);
  return {std::move(file), "memory", false};
}

TemporaryFile TemporaryFile::in_folder(const fs::path& folder) {
  const fs::path place = nearest_folder(folder);
  Descriptor file(::open(place.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0644));
  if (!file) file = named_and_removed(place);
  return {std::move(file), place, true};
}

void TemporaryFile::reserve(size_t bytes) const {
  if (!on_disk_) return;
  int result = 0;
  do {
    result = ::fallocate(descriptor(), 0, 0, static_cast<off_t>(bytes));
  } while (result != 0 && errno == EINTR);
  if (result != 0 && errno != EOPNOTSUPP && errno != ENOSYS) {
    fail(place_, fmt::format("no space for {} bytes", bytes).c_str(), errno);
  }
}

void TemporaryFile::write_at(size_t offset, const void* bytes, size_t count) const {
  move_all(count, place_, "cannot be written to", [&](size_t done) {
    return ::pwrite(descriptor(), static_cast<const char*>(bytes) + done, count - done,
                    static_cast<off_t>(offset + done));
  });
}

void TemporaryFile::read_at(size_t offset, void* bytes, size_t count) const {
  move_all(count, place_, "cannot be read back", [&](size_t done) {
    return ::pread(descriptor(), static_cast<char*>(bytes) + done, count - done,
                   static_cast<off_t>(offset + done));
  });
}

void TemporaryFile::publish(const fs::path& file) const {
  fs::path named = file;
  named += fmt::format(".tmp-{:08x}", std::random_device()());
  try {
    if (!link_as(named)) copy_to(named);
    if (::rename(named.c_str(), file.c_str()) != 0) fail(file, "cannot be renamed to", errno);
  } catch (...) {
    ::unlink(named.c_str());
    throw;
  }
}

bool TemporaryFile::link_as(const fs::path& file) const {
  const std::string open_file = fmt::format("/proc/self/fd/{}", descriptor());
  return ::linkat(AT_FDCWD, open_file.c_str(), AT_FDCWD, file.c_str(), AT_SYMLINK_FOLLOW) == 0;
}

void TemporaryFile::copy_to(const fs::path& file) const {
  struct stat status {};
  const Descriptor copy(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!copy || ::fstat(descriptor(), &status) != 0) fail(file, "cannot be written", errno);
  const auto size = static_cast<size_t>(status.st_size);
  std::vector<char> buffer(std::min(size, size_t{1} << 22));
  for (size_t done = 0; done < size;) {
    const size_t count = std::min(buffer.size(), size - done);
    read_at(done, buffer.data(), count);
    write_all(copy.get(), buffer.data(), count, file);
    done += count;
  }
}

}  // namespace scgan
