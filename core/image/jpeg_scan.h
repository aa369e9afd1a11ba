// Looks for damage in the entropy-coded data of a JPEG that libjpeg decodes without a warning.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace scgan {

// A Huffman table as the file has it: how many codes have 1 to 16 bits, and their symbols.
struct JpegCodes {
  std::array<uint8_t, 16> counts{};
  std::array<uint8_t, 256> symbols{};
};

struct JpegComponent {
  int blocks = 1;      // in each unit (MCU)
  int dc_divisor = 1;  // the first number of its quantization table
  JpegCodes dc, ac;
};

// One scan of a sequential 8-bit image, with all of its components.
struct JpegScan {
  int64_t units_per_row = 0, unit_rows = 0;
  int64_t restart_interval = 0;  // in units; 0 = none
  std::vector<JpegComponent> components;
};

// Returns the row of units in which the data stops to be what an encoder writes: a code that does
// not exist, more than 64 coefficients in a block, a mean grey outside the range of 8 bits, a
// restart marker in the wrong place, more than two bytes left over at a marker or bits that do not
// fill up the last byte. Returns nullopt if no damage is found.
std::optional<int64_t> damaged_row(std::string_view data, const JpegScan& scan);

}  // namespace scgan
