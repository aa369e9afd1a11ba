// A TIFF file in memory, as libtiff reads it and without a word on stderr.
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

class TiffSource {  // Stays where it is while a handle of it is open.
 public:
  // `bytes` must outlive it.
  explicit TiffSource(const std::string& bytes) : bytes_(bytes) {}
  TiffSource(const TiffSource&) = delete;
  TiffSource& operator=(const TiffSource&) = delete;

  // A null handle and a complaint when the first page cannot be understood.
  TiffHandle open();

  size_t size() const { return bytes_.size(); }

  // The first error since it was opened; empty when there was none.
  const std::string& complaint() const { return complaint_; }

  // Whether libjpeg had to make pixels up, which it only warns about.
  bool damaged() const { return damaged_; }

 private:
  friend struct TiffCallbacks;

  const std::string& bytes_;
  toff_t next_ = 0;
  std::string complaint_;
  bool damaged_ = false;
};

}  // namespace scgan
