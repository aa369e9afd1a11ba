#include "core/image/tiff_source.h"

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <string_view>

namespace scgan {

// The callbacks for libtiff; their handle is the TiffSource.
struct TiffCallbacks {
  // Both handlers return 1 (handled), so that libtiff does not call the global ones, which print.
  static int on_error(TIFF*, void* user, const char*, const char* format, va_list values) {
    std::string& error_text = static_cast<TiffSource*>(user)->error_text_;
    if (!error_text.empty()) return 1;
    std::array<char, 512> text{};
    std::vsnprintf(text.data(), text.size(), format, values);
    error_text = text.data();
    return 1;
  }

  static int on_warning(TIFF* tiff, void* user, const char* module, const char* format,
                        va_list values) {
    if (module != nullptr && std::string_view(module) == "JPEGLib") {
      static_cast<TiffSource*>(user)->damaged_ = true;
      on_error(tiff, user, module, format, values);
    }
    return 1;
  }

  static tmsize_t read(thandle_t handle, void* out, tmsize_t count) {
    auto* source = static_cast<TiffSource*>(handle);
    const toff_t left = source->bytes_.size() - std::min<toff_t>(source->next_, source->size());
    const size_t taken = std::min(static_cast<toff_t>(std::max<tmsize_t>(count, 0)), left);
    if (taken > 0) std::memcpy(out, source->bytes_.data() + source->next_, taken);
    source->next_ += taken;
    return static_cast<tmsize_t>(taken);
  }

  static tmsize_t write(thandle_t, void*, tmsize_t) { return 0; }

  static toff_t seek(thandle_t handle, toff_t offset, int whence) {
    auto* source = static_cast<TiffSource*>(handle);
    if (whence == SEEK_CUR) offset += source->next_;
    if (whence == SEEK_END) offset += source->bytes_.size();
    source->next_ = offset;
    return offset;
  }

  static int close(thandle_t) { return 0; }
  static toff_t size(thandle_t handle) { return static_cast<TiffSource*>(handle)->size(); }
  static int map(thandle_t, void**, toff_t*) { return 0; }
  static void unmap(thandle_t, void*, toff_t) {}
};

TiffHandle TiffSource::open() {
  TIFFOpenOptions* options = TIFFOpenOptionsAlloc();
  // libtiff allocates tables of tags and compressed strips, none of which is larger than the file.
  // The limit protects against files that only claim to be large.
  TIFFOpenOptionsSetMaxSingleMemAlloc(options,
                                      static_cast<tmsize_t>((64 << 20) + 16 * bytes_.size()));
  TIFFOpenOptionsSetErrorHandlerExtR(options, TiffCallbacks::on_error, this);
  TIFFOpenOptionsSetWarningHandlerExtR(options, TiffCallbacks::on_warning, this);
  // m: do not use a memory map; c: do not split large strips.
  TIFF* tiff = TIFFClientOpenExt("TIFF", "rmc", this, TiffCallbacks::read, TiffCallbacks::write,
                                 TiffCallbacks::seek, TiffCallbacks::close, TiffCallbacks::size,
                                 TiffCallbacks::map, TiffCallbacks::unmap, options);
  TIFFOpenOptionsFree(options);
  return TiffHandle(tiff);
}

}  // namespace scgan
