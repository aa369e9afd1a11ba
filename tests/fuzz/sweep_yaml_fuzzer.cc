// sweeps/plan/sweep_yaml.cc: sweep files.
#include "sweeps/plan/sweep_yaml.h"
#include "tests/fuzz/fuzz_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  return scgan::fuzz::run(bytes, size, [](const std::string& input) {
    scgan::sweeps::read_sweep(input, "input.yaml", {}, "/");
  });
}
