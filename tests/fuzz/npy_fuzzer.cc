// tools/fid/npy.cc: NumPy arrays, without the archive's check sum in the way.
#include "tests/fuzz/fuzz_parser.h"
#include "tools/fid/npy.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  return scgan::fuzz::run(bytes, size,
                          [](const std::string& input) { scgan::parse_npy(input, "input.npy"); });
}
