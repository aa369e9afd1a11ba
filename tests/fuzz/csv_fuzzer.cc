// core/base/csv.cc: manifests of data sets.
#include "core/base/csv.h"
#include "tests/fuzz/fuzz_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  return scgan::fuzz::run(bytes, size,
                          [](const std::string& input) { scgan::parse_csv(input, "input.csv"); });
}
