// Kinds of TIFF pixels in words, for messages.
#pragma once

#include <string>

namespace scgan {

// "16-bit signed"; `format` is the value of the tag SampleFormat.
std::string pixels_text(int bits, int format);

// "a palette (colour map)", to be followed by "image"; of the tag PhotometricInterpretation.
std::string photometric_text(int photometric);

}  // namespace scgan
