// The checksum of Deflate data, which libtiff does not always look at.
#pragma once

#include <string_view>

namespace scgan {

// Returns whether a zlib stream ends and has the checksum of its content. Bytes after its end are
// ignored.
bool is_whole_deflate(std::string_view stream);

}  // namespace scgan
