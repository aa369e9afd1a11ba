// Files that are either the old or the new one, never half of either, whatever kills the program.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace scgan {

// Writes into a temporary file beside `file`, fsyncs it, renames it over `file`, fsyncs the folder.
// `write` gets the temporary's file descriptor and may throw; then nothing is left behind.
// Throws Error(kStorage) naming the file and the system's reason (disk full, no permission).
void write_file_atomically(const std::filesystem::path& file,
                           const std::function<void(int descriptor)>& write);

// The same for bytes at hand.
void write_file_atomically(const std::filesystem::path& file, std::string_view bytes);

// Writes all of it to an open descriptor; Error(kStorage) names `file`.
void write_all(int descriptor, const void* bytes, size_t count, const std::filesystem::path& file);

// Removes the temporaries that killed writers left in `folder`. Only where nobody else writes.
void remove_temporaries(const std::filesystem::path& folder);

// The whole file as bytes. Throws Error(kStorage) when it cannot be read.
std::string read_file(const std::filesystem::path& file);

// The same of a file of the user's data, but throws Error(kData); of a folder it says that it is a
// folder, not `wanted` ("an image").
std::string read_data_file(const std::filesystem::path& file, std::string_view wanted);

}  // namespace scgan
