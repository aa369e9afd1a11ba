// core/model/safetensors.cc: weights and checkpoints.
#include "core/model/safetensors.h"
#include "tests/fuzz/fuzz_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  return scgan::fuzz::run(bytes, size, [](const std::string& input) {
    scgan::parse_safetensors(input, "input.safetensors");
  });
}
