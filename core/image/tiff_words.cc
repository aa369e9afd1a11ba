#include "core/image/tiff_words.h"

#include <fmt/format.h>
#include <tiff.h>

namespace scgan {

std::string pixels_text(int bits, int format) {
  switch (format) {
    case SAMPLEFORMAT_INT:
      return fmt::format("{}-bit signed", bits);
    case SAMPLEFORMAT_IEEEFP:
      return fmt::format("{}-bit float", bits);
    case SAMPLEFORMAT_COMPLEXINT:
    case SAMPLEFORMAT_COMPLEXIEEEFP:
      return fmt::format("{}-bit complex", bits);
    default:
      return fmt::format("{}-bit unsigned", bits);
  }
}

std::string photometric_text(int photometric) {
  switch (photometric) {
    case PHOTOMETRIC_PALETTE:
      return "a palette (colour map)";
    case PHOTOMETRIC_MASK:
      return "a transparency mask";
    case PHOTOMETRIC_SEPARATED:
      return "CMYK (separated)";
    case PHOTOMETRIC_YCBCR:
      return "YCbCr";
    case PHOTOMETRIC_CIELAB:
    case PHOTOMETRIC_ICCLAB:
    case PHOTOMETRIC_ITULAB:
      return "L*a*b*";
    case PHOTOMETRIC_CFA:
      return "a camera's raw";
    default:
      return fmt::format("an unusual (photometric interpretation {})", photometric);
  }
}

}  // namespace scgan
