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

// The line of LibTorch's message, which goes on for pages, that says what is wrong.
std::string reason_of(const std::exception& problem);

}  // namespace scgan
