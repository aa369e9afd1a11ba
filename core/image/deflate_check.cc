#include "core/image/deflate_check.h"

#include <zlib.h>

#include <array>
#include <new>

namespace scgan {

bool is_whole_deflate(std::string_view stream) {
  z_stream zlib{};
  if (inflateInit(&zlib) != Z_OK) throw std::bad_alloc();
  zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(stream.data()));
  zlib.avail_in = static_cast<uInt>(stream.size());
  std::array<Bytef, 1 << 14> content;
  int result = Z_OK;
  while (result == Z_OK) {
    zlib.next_out = content.data();
    zlib.avail_out = static_cast<uInt>(content.size());
    result = inflate(&zlib, Z_NO_FLUSH);
  }
  inflateEnd(&zlib);
  return result == Z_STREAM_END;
}

}  // namespace scgan
