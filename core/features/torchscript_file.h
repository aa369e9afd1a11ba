// Opens TorchScript files and explains to the user why one cannot be used.
#pragma once

#include <torch/script.h>

#include <exception>
#include <filesystem>
#include <string>

namespace scgan {

// Returns the module on the CPU, in evaluation mode. Turns off the executors that would rewrite it
// after its first calls and so change the last bits of its results. Throws Error(kData); the
// message ends with `how_to_make` when the file is not TorchScript.
torch::jit::Module load_torchscript(const std::filesystem::path& file,
                                    const std::string& how_to_make);

// Throws Error(kData) with the message "FILE: reason".
[[noreturn]] void refuse_extractor(const std::filesystem::path& file, const std::string& reason);

// Rethrows what a module's method threw: as Error(kOutOfMemory) or Error(kDevice) when the device
// is at fault, otherwise as refuse_extractor(). `doing` names the method for the message. The
// TorchScript interpreter does not keep the types of exceptions, so this reads the message.
[[noreturn]] void module_failed(const std::filesystem::path& file, const std::string& doing,
                                const std::exception& problem);

}  // namespace scgan
