// sweeps/run/messages.cc: the messages between ranks.
#include "sweeps/run/messages.h"
#include "tests/fuzz/fuzz_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  scgan::fuzz::run(bytes, size,
                   [](const std::string& input) { scgan::sweeps::order_from_text(input); });
  return scgan::fuzz::run(bytes, size,
                          [](const std::string& input) { scgan::sweeps::report_from_text(input); });
}
