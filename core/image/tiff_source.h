// TiffSource: lets libtiff read a TIFF file from memory, without output on stderr.
#pragma once

#include <tiffio.h>

#include <string>

#include "core/base/unique_handle.h"

namespace scgan {

struct TiffTraits {
  using Handle = TIFF*;
  static Handle null() noexcept { return nullptr; }
  static void close(Handle handle) noexcept { TIFFClose(handle); }
};
using TiffHandle = UniqueHandle<TiffTraits>;

// Must not be moved or destroyed while one of its handles is open.
class TiffSource {
 public:
  // `bytes` must outlive the TiffSource.
  explicit TiffSource(const std::string& bytes) : bytes_(bytes) {}
  TiffSource(const TiffSource&) = delete;
  TiffSource& operator=(const TiffSource&) = delete;

  // If the first page cannot be read, returns a null handle and sets error_text().
  TiffHandle open();

  const std::string& bytes() const { return bytes_; }
  size_t size() const { return bytes_.size(); }

  // The first error since open(); empty if there was none.
  const std::string& error_text() const { return error_text_; }

  // Whether libjpeg had to invent pixels, which it reports only as a warning.
  bool damaged() const { return damaged_; }

 private:
  friend struct TiffCallbacks;

  const std::string& bytes_;
  toff_t next_ = 0;
  std::string error_text_;
  bool damaged_ = false;
};

}  // namespace scgan
