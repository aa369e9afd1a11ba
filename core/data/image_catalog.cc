#include "core/data/image_catalog.h"

#include <cstring>

#include "core/base/error.h"
#include "core/data/field_of_view.h"

namespace scgan {
namespace {

[[noreturn]] void refuse(const char* problem) {
  throw Error(ErrorKind::kStorage, std::string("its catalog ") + problem);
}

// Appends numbers and texts to bytes.
class Writer {
 public:
  template <typename Number>
  void number(Number value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  void text(const std::string& value) {
    number<uint64_t>(value.size());
    bytes_ += value;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// Takes them off again.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  template <typename Number>
  Number number() {
    Number value;
    std::memcpy(&value, take(sizeof(value)).data(), sizeof(value));
    return value;
  }
  std::string text() { return std::string(take(number<uint64_t>())); }

  // A number of things to come, each of `least` bytes or more.
  uint64_t count(size_t least) {
    const auto value = number<uint64_t>();
    if (value > bytes_.size() / least) refuse("ends early");
    return value;
  }

  bool at_end() const { return bytes_.empty(); }

 private:
  std::string_view take(uint64_t count) {
    if (count > bytes_.size()) refuse("ends early");
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }

  std::string_view bytes_;
};

}  // namespace

std::string to_bytes(const ImageCatalog& catalog, const std::string& pixels) {
  Writer out;
  out.text(pixels);
  out.text(catalog.digest);
  out.number<uint8_t>(catalog.is_float ? 1 : 0);
  for (const auto& range : catalog.range) {
    for (const double value : range) out.number(value);
  }
  for (size_t split = 0; split < kSplits.size(); ++split) {
    out.number<uint64_t>(catalog.names[split].size());
    for (size_t i = 0; i < catalog.names[split].size(); ++i) {
      out.number(catalog.checksums[split][i]);
      out.text(catalog.names[split][i]);
    }
  }
  return out.bytes();
}

ImageCatalog catalog_from_bytes(std::string_view bytes, const std::string& pixels,
                                const std::string& digest) {
  Reader in(bytes);
  ImageCatalog catalog;
  const bool same_pixels = in.text() == pixels;
  catalog.digest = in.text();
  if (!same_pixels || catalog.digest != digest) refuse("is of another data set");
  catalog.is_float = in.number<uint8_t>() != 0;
  for (auto& range : catalog.range) {
    for (double& value : range) value = in.number<double>();
  }
  for (size_t split = 0; split < kSplits.size(); ++split) {
    const uint64_t count = in.count(2 * sizeof(uint64_t));
    for (uint64_t i = 0; i < count; ++i) {
      catalog.checksums[split].push_back(in.number<uint64_t>());
      catalog.names[split].push_back(in.text());
    }
  }
  if (!in.at_end()) refuse("goes on too long");
  return catalog;
}

}  // namespace scgan
