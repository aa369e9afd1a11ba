// Opening a TorchScript file, with reasons a user understands where it cannot be used.
#pragma once

#include <torch/script.h>

#include <exception>
#include <filesystem>
#include <string>

namespace scgan {

// The module on the CPU, in evaluation mode, with the executors off that would rewrite it after its
// first calls and with it the last bits of what it gives. Throws Error(kData), with the words
// how_to_make where the file is something else.
torch::jit::Module load_torchscript(const std::filesystem::path& file,
                                    const std::string& how_to_make);

// Throws Error(kData): "evaluate.extractor.file: FILE: reason".
[[noreturn]] void refuse_extractor(const std::filesystem::path& file, const std::string& reason);

// What a module's methods threw at `doing`, a clause: Error(kOutOfMemory) or Error(kDevice) where
// the device is at fault, else as refuse_extractor(). The interpreter does not keep their types.
[[noreturn]] void module_failed(const std::filesystem::path& file, const std::string& doing,
                                const std::exception& problem);

}  // namespace scgan
