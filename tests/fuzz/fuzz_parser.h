// What every fuzzer does: a parser either returns a value or throws scgan::Error; any other
// exception ends the program, which libFuzzer reports together with the input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/base/error.h"

namespace scgan::fuzz {

// Calls `parse` with the input as std::string. Returns what LLVMFuzzerTestOneInput must return.
template <typename Parse>
int run(const uint8_t* bytes, size_t size, const Parse& parse) {
  const std::string input(reinterpret_cast<const char*>(bytes), size);
  try {
    parse(input);
  } catch (const Error&) {  // refused, as it should be
  }
  return 0;
}

}  // namespace scgan::fuzz
