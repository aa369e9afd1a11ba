// core/data/image_catalog.cc: the catalog that follows the images in a cache.
#include "core/data/image_catalog.h"
#include "tests/fuzz/fuzz_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  return scgan::fuzz::run(bytes, size, [](const std::string& input) {
    scgan::catalog_from_bytes(input, "pixels", "digest");
  });
}
