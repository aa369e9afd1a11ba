#include "core/image/jpeg_scan.h"

#include <cstddef>
#include <cstdlib>

namespace scgan {
namespace {

constexpr int kCoefficients = 64;
constexpr int kMostDcBits = 11;
constexpr int kZeroRun = 0xf0;  // the symbol of 16 zeros
constexpr int64_t kLargestMean = 1024;
constexpr int64_t kMostLeftOverBytes = 2;

// Finds codes by the next 16 bits.
class Decoder {
 public:
  explicit Decoder(const JpegCodes& codes) : entries_(size_t{1} << 16) {
    size_t next = 0;
    size_t symbol = 0;
    for (size_t bits = 1; bits <= 16; ++bits) {
      for (int i = 0; i < codes.counts[bits - 1] && symbol < codes.symbols.size(); ++i) {
        const Entry entry{static_cast<uint8_t>(bits), codes.symbols[symbol++]};
        for (size_t j = 0; j < size_t{1} << (16 - bits) && next < entries_.size(); ++j) {
          entries_[next++] = entry;
        }
      }
    }
  }

  struct Entry {
    uint8_t bits = 0;  // 0: this code does not exist
    uint8_t symbol = 0;
  };
  Entry operator[](uint32_t bits) const { return entries_[bits]; }

 private:
  std::vector<Entry> entries_;
};

// The bits up to the next marker.
class Bits {
 public:
  explicit Bits(std::string_view data) : data_(data) {}

  // The next 16 bits; zeros after the end.
  uint32_t peek() {
    fill();
    const uint64_t bits = count_ >= 16 ? held_ >> (count_ - 16) : held_ << (16 - count_);
    return static_cast<uint32_t>(bits & 0xffff);
  }
  // Returns false if so many bits are not there.
  bool skip(int bits) {
    fill();
    count_ -= bits;
    if (count_ < 0) return false;
    held_ &= (uint64_t{1} << count_) - 1;
    return true;
  }

  // Whether only what fills up a byte is left before the marker; libjpeg accepts as much.
  bool at_end() {
    fill();
    int64_t bytes = count_ / 8;
    for (size_t at = next_; !is_marker(at) && at < data_.size(); ++at) ++bytes;
    if (bytes > kMostLeftOverBytes) return false;
    const int filling = count_ % 8;
    const uint64_t rest = held_ >> (count_ - filling);
    return bytes > 0 || rest == 0 || rest == (uint64_t{1} << filling) - 1;
  }

  // Moves behind the marker; returns its code, 0 if there is none.
  int take_marker() {
    while (next_ < data_.size() && !is_marker(next_)) ++next_;
    while (byte(next_) == 0xff) ++next_;
    held_ = 0;
    count_ = 0;
    return next_ < data_.size() ? byte(next_++) : 0;
  }

 private:
  int byte(size_t at) const {
    return at < data_.size() ? static_cast<unsigned char>(data_[at]) : 0;
  }
  bool is_marker(size_t at) const { return byte(at) == 0xff && byte(at + 1) != 0; }

  void fill() {
    while (count_ <= 48 && next_ < data_.size() && !is_marker(next_)) {
      const int value = byte(next_);
      next_ += value == 0xff ? 2 : 1;
      held_ = held_ << 8 | static_cast<uint64_t>(value);
      count_ += 8;
    }
  }

  std::string_view data_;
  size_t next_ = 0;
  uint64_t held_ = 0;
  int count_ = 0;
};

// The number that `bits` bits stand for: the upper half of the range, and its negative.
int64_t signed_value(uint32_t peeked, int bits) {
  if (bits == 0) return 0;
  const int64_t value = peeked >> (16 - bits);
  return value >= int64_t{1} << (bits - 1) ? value : value - (int64_t{1} << bits) + 1;
}

struct Component {
  int blocks;
  int64_t divisor;
  Decoder dc, ac;
  int64_t mean = 0;

  // Returns whether a block is plausible.
  bool read_block(Bits& bits) {
    const auto first = dc[bits.peek()];
    if (first.bits == 0 || first.symbol > kMostDcBits || !bits.skip(first.bits)) return false;
    mean += signed_value(bits.peek(), first.symbol);
    if (!bits.skip(first.symbol) || std::abs(mean) * divisor > kLargestMean + divisor) return false;
    for (int k = 1; k < kCoefficients; ++k) {
      const auto code = ac[bits.peek()];
      if (code.bits == 0 || !bits.skip(code.bits)) return false;
      if (code.symbol == 0) return true;  // the rest is zero
      if (code.symbol % 16 == 0 && code.symbol != kZeroRun) return false;
      k += code.symbol / 16;
      if (k >= kCoefficients || !bits.skip(code.symbol % 16)) return false;
    }
    return true;
  }
};

}  // namespace

std::optional<int64_t> damaged_row(std::string_view data, const JpegScan& scan) {
  std::vector<Component> components;
  for (const JpegComponent& component : scan.components) {
    components.push_back(
        {component.blocks, component.dc_divisor, Decoder(component.dc), Decoder(component.ac)});
  }
  Bits bits(data);
  int restarts = 0;
  const int64_t units = scan.units_per_row * scan.unit_rows;
  for (int64_t unit = 0; unit < units; ++unit) {
    const int64_t row = unit / scan.units_per_row;
    if (scan.restart_interval > 0 && unit > 0 && unit % scan.restart_interval == 0) {
      if (!bits.at_end() || bits.take_marker() != 0xd0 + restarts++ % 8) return row;
      for (Component& component : components) component.mean = 0;
    }
    for (Component& component : components) {
      for (int i = 0; i < component.blocks; ++i) {
        if (!component.read_block(bits)) return row;
      }
    }
  }
  if (!bits.at_end()) return scan.unit_rows - 1;
  return std::nullopt;
}

}  // namespace scgan
