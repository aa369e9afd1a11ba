// core/image/image_file.cc: PNG, JPEG and TIFF, header and pixels.
#include "core/image/image_file.h"
#include "tests/fuzz/fuzz_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  return scgan::fuzz::run(bytes, size, [](const std::string& input) {
    scgan::image_info(input, "input");
    scgan::decode_image(input, "input");
  });
}
