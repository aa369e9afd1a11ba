// Reads whole files and writes them atomically: after a crash, a file has either its old or its new
// content, never a part of either.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace scgan {

// Writes a temporary file next to `file`, fsyncs it, renames it to `file` and fsyncs the folder.
// `write` receives the descriptor of the temporary file. If it throws, the temporary file is
// removed. Throws Error(kStorage) naming the file and the system's reason (disk full, no
// permission).
void write_file_atomically(const std::filesystem::path& file,
                           const std::function<void(int descriptor)>& write);

// Writes `bytes` in the same way.
void write_file_atomically(const std::filesystem::path& file, std::string_view bytes);

// Writes all `count` bytes to an open descriptor. Throws Error(kStorage) naming `file`.
void write_all(int descriptor, const void* bytes, size_t count, const std::filesystem::path& file);

// Removes the temporary files that killed writers left in `folder`. Must not be called while
// another process or thread writes there.
void remove_temporaries(const std::filesystem::path& folder);

// Returns the bytes of the whole file. Throws Error(kStorage) when it cannot be read.
std::string read_file(const std::filesystem::path& file);

// Returns the bytes of a file of the user's data. Throws Error(kData) when it cannot be read. If
// `file` is a folder, the message says that it is a folder, not `wanted` ("an image").
std::string read_data_file(const std::filesystem::path& file, std::string_view wanted);

}  // namespace scgan
