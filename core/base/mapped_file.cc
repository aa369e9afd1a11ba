#include "core/base/mapped_file.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstring>

#include "core/base/error.h"

namespace scgan {

std::shared_ptr<const MappedFile> MappedFile::of(int descriptor, size_t bytes,
                                                 const std::filesystem::path& file) {
  void* data = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, descriptor, 0);
  if (data == MAP_FAILED) {
    throw Error(ErrorKind::kStorage,
                fmt::format("{}: cannot be mapped: {}", file.string(), std::strerror(errno)));
  }
  return std::shared_ptr<const MappedFile>(
      new MappedFile(static_cast<const std::byte*>(data), bytes));
}

MappedFile::~MappedFile() { ::munmap(const_cast<std::byte*>(data_), size_); }

}  // namespace scgan
