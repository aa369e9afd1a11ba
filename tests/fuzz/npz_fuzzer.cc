// tools/fid/npz.cc: archives of NumPy arrays.
#include "tests/fuzz/fuzz_parser.h"
#include "tools/fid/npy.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  return scgan::fuzz::run(bytes, size, [](const std::string& input) {
    scgan::parse_npz(input, "input.npz", {"mu", "sigma"});
  });
}
