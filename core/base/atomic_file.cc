#include "core/base/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/base/descriptor.h"
#include "core/base/error.h"

namespace scgan {
namespace {

constexpr const char* kTemporary = ".tmp-";

[[noreturn]] void fail(const std::filesystem::path& file, const char* action) {
  throw Error(ErrorKind::kStorage,
              fmt::format("{}: cannot {}: {}", file.string(), action, std::strerror(errno)));
}

void write_and_sync(const std::filesystem::path& temporary, const std::filesystem::path& file,
                    const std::function<void(int)>& write) {
  const Descriptor out(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!out) fail(file, "be written");
  write(out.get());
  if (::fsync(out.get()) != 0) fail(file, "be written to disk");
}

}  // namespace

void write_all(int descriptor, const void* bytes, size_t count, const std::filesystem::path& file) {
  const char* next = static_cast<const char*>(bytes);
  while (count > 0) {
    const ssize_t written = ::write(descriptor, next, count);
    if (written < 0) {
      if (errno == EINTR) continue;
      fail(file, "be written");
    }
    next += written;
    count -= static_cast<size_t>(written);
  }
}

void write_file_atomically(const std::filesystem::path& file,
                           const std::function<void(int)>& write) {
  std::filesystem::path temporary = file;
  temporary += fmt::format("{}{}", kTemporary, ::getpid());
  try {
    write_and_sync(temporary, file, write);
    if (::rename(temporary.c_str(), file.c_str()) != 0) fail(file, "be renamed into place");
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::fsync(directory.get()) != 0) fail(folder, "be synced");
}

void write_file_atomically(const std::filesystem::path& file, std::string_view bytes) {
  write_file_atomically(
      file, [&](int descriptor) { write_all(descriptor, bytes.data(), bytes.size(), file); });
}

void remove_temporaries(const std::filesystem::path& folder) {
  std::error_code ignored;  // a remaining temporary file does no harm
  for (std::filesystem::directory_iterator entry(folder, ignored), end; entry != end;
       entry.increment(ignored)) {
    if (entry->path().extension().string().starts_with(kTemporary)) {
      std::filesystem::remove(entry->path(), ignored);
    }
  }
}

std::string read_file(const std::filesystem::path& file) {
  const Descriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!in || ::fstat(in.get(), &status) != 0) fail(file, "be read");
  // One byte more than expected, so that a read can detect the end of the file. The size is only a
  // hint: pipes and files in /proc report 0.
  const auto expected = static_cast<size_t>(std::max<off_t>(status.st_size, 0)) + 1;
  std::string bytes;
  size_t filled = 0;
  for (ssize_t count = 1; count != 0; filled += static_cast<size_t>(count)) {
    if (bytes.size() == filled) bytes.resize(std::max(expected, filled + (size_t{1} << 16)));
    do {
      count = ::read(in.get(), bytes.data() + filled, bytes.size() - filled);
    } while (count < 0 && errno == EINTR);
    if (count < 0) fail(file, "be read");
  }
  bytes.resize(filled);
  return bytes;
}

std::string read_data_file(const std::filesystem::path& file, std::string_view wanted) {
  std::error_code failed;
  if (std::filesystem::is_directory(file, failed)) {
    throw Error(ErrorKind::kData, fmt::format("{}: is a folder, not {}", file.string(), wanted));
  }
  try {
    return read_file(file);
  } catch (const Error& problem) {
    throw Error(ErrorKind::kData, problem.what());
  }
}

}  // namespace scgan
