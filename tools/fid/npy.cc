#include "tools/fid/npy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <limits>
#include <optional>
#include <stdexcept>

#include "core/base/error.h"

namespace scgan {
namespace {

static_assert(std::endian::native == std::endian::little, "the arrays are little-endian");

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kMaxDimensions = 32;    // NumPy's own limit up to version 1
constexpr size_t kHeaderAlignment = 64;  // of the numbers behind the header

[[noreturn]] void refuse(const std::string& name, const std::string& reason) {
  throw Error(ErrorKind::kData,
              fmt::format("{}: not a NumPy array that can be read: {}", name, reason));
}

struct Header {
  std::optional<std::string> type;
  std::optional<bool> fortran_order;
  std::optional<std::vector<int64_t>> shape;
};

// Reads the header: a Python dict of three keys, e.g.
//   {'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }
class HeaderReader {
 public:
  HeaderReader(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  Header read() {
    Header header;
    expect('{');
    while (!accept('}')) {
      const std::string key = quoted();
      expect(':');
      if (key == "descr") {
        put(header.type, key, type());
      } else if (key == "fortran_order") {
        put(header.fortran_order, key, boolean());
      } else if (key == "shape") {
        put(header.shape, key, tuple());
      } else {
        refuse(name_, "its header has a key other than descr, fortran_order and shape");
      }
      if (accept('}')) break;
      expect(',');
    }
    skip_blanks();
    if (next_ != text_.size()) fail();
    return header;
  }

 private:
  template <typename Value>
  void put(std::optional<Value>& field, const std::string& key, Value value) {
    if (field) refuse(name_, fmt::format("its header has '{}' twice", key));
    field = std::move(value);
  }

  [[noreturn]] void fail() const {
    refuse(name_, fmt::format("its header is not understood at byte {}", next_));
  }

  void skip_blanks() {
    while (next_ < text_.size() && (text_[next_] == ' ' || text_[next_] == '\n')) ++next_;
  }

  bool accept(char c) {
    skip_blanks();
    if (next_ >= text_.size() || text_[next_] != c) return false;
    ++next_;
    return true;
  }

  void expect(char c) {
    if (!accept(c)) fail();
  }

  std::string quoted() {
    skip_blanks();
    if (next_ >= text_.size() || (text_[next_] != '\'' && text_[next_] != '"')) fail();
    const size_t end = text_.find(text_[next_], next_ + 1);
    if (end == std::string_view::npos) fail();
    std::string word(text_.substr(next_ + 1, end - next_ - 1));
    next_ = end + 1;
    return word;
  }

  std::string type() {
    skip_blanks();
    if (next_ < text_.size() && text_[next_] == '[') {
      refuse(name_, "it holds records; it must hold float64 or float32 numbers");
    }
    return quoted();
  }

  bool boolean() {
    skip_blanks();
    for (const bool value : {true, false}) {
      const std::string_view word = value ? "True" : "False";
      if (text_.substr(next_, word.size()) != word) continue;
      next_ += word.size();
      return value;
    }
    fail();
  }

  std::vector<int64_t> tuple() {
    std::vector<int64_t> sides;
    expect('(');
    while (!accept(')')) {
      int64_t side = -1;
      skip_blanks();
      const char* begin = text_.data() + next_;
      const auto parsed = std::from_chars(begin, text_.data() + text_.size(), side);
      if (parsed.ec != std::errc() || side < 0 || sides.size() == kMaxDimensions) {
        refuse(name_, "it has an impossible shape");
      }
      next_ += static_cast<size_t>(parsed.ptr - begin);
      sides.push_back(side);
      accept('L');  // as NumPy under Python 2 wrote long integers
      if (accept(')')) break;
      expect(',');
    }
    return sides;
  }

  std::string_view text_;
  const std::string& name_;
  size_t next_ = 0;
};

// Splits off the header's text and leaves the numbers in `bytes`.
std::string_view take_header(std::string_view& bytes, const std::string& name) {
  if (!bytes.starts_with(kMagic)) refuse(name, "it does not begin with \\x93NUMPY");
  const size_t version_at = kMagic.size();
  if (bytes.size() < version_at + 2) refuse(name, "it ends early");
  const int version = static_cast<unsigned char>(bytes[version_at]);
  if (version < 1 || version > 3) {
    refuse(name, fmt::format("it has the format version {}; only 1 to 3 are supported", version));
  }
  const size_t length_bytes = version == 1 ? 2 : 4;
  const size_t begin = version_at + 2 + length_bytes;
  uint32_t length = 0;
  if (bytes.size() < begin) refuse(name, "it ends early");
  std::memcpy(&length, bytes.data() + version_at + 2, length_bytes);
  if (length > bytes.size() - begin) refuse(name, "it ends within its header");
  const std::string_view text = bytes.substr(begin, length);
  bytes.remove_prefix(begin + length);
  return text;
}

// The number of elements, checked against the number of bytes.
size_t count_of(const std::vector<int64_t>& shape, size_t element, size_t bytes,
                const std::string& name) {
  uint64_t count = 1;
  bool empty = false;
  for (const int64_t side : shape) {
    empty |= side == 0;
    const auto factor = static_cast<uint64_t>(std::max<int64_t>(side, 1));
    if (count > std::numeric_limits<int64_t>::max() / 8 / factor) {
      refuse(name, "it has an impossible shape");
    }
    count *= factor;
  }
  if (empty) count = 0;
  if (count * element != bytes) {
    refuse(name, fmt::format("its shape needs {} bytes of numbers, but it has {}", count * element,
                             bytes));
  }
  return static_cast<size_t>(count);
}

template <typename Number>
std::vector<double> numbers(std::string_view bytes, size_t count) {
  std::vector<double> values(count);
  for (size_t i = 0; i < count; ++i) {
    Number number;
    std::memcpy(&number, bytes.data() + i * sizeof number, sizeof number);
    values[i] = static_cast<double>(number);
  }
  return values;
}

// Converts from Fortran order, where the first index varies fastest, to C order.
std::vector<double> in_c_order(const std::vector<double>& values,
                               const std::vector<int64_t>& shape) {
  std::vector<size_t> strides(shape.size(), 1);  // of the result
  for (size_t d = shape.size(); d-- > 1;) {
    strides[d - 1] = strides[d] * static_cast<size_t>(shape[d]);
  }
  std::vector<double> ordered(values.size());
  std::vector<int64_t> index(shape.size(), 0);
  size_t to = 0;
  for (const double value : values) {
    ordered[to] = value;
    for (size_t d = 0; d < shape.size(); ++d) {
      to += strides[d];
      if (++index[d] < shape[d]) break;
      to -= strides[d] * static_cast<size_t>(shape[d]);
      index[d] = 0;
    }
  }
  return ordered;
}

}  // namespace

NpyArray parse_npy(std::string_view bytes, const std::string& name) {
  const Header header = HeaderReader(take_header(bytes, name), name).read();
  if (!header.type || !header.fortran_order || !header.shape) {
    refuse(name, "its header lacks descr, fortran_order or shape");
  }
  const bool wide = *header.type == "<f8";
  if (!wide && *header.type != "<f4") {
    refuse(name,
           fmt::format("it has the type '{}'; only '<f8' and '<f4' are supported, little-endian "
                       "float64 and float32",
                       *header.type));
  }
  NpyArray array{*header.shape, {}};
  const size_t count = count_of(array.shape, wide ? 8 : 4, bytes.size(), name);
  array.values = wide ? numbers<double>(bytes, count) : numbers<float>(bytes, count);
  if (*header.fortran_order) array.values = in_c_order(array.values, array.shape);
  return array;
}

std::string to_npy(const NpyArray& array) {
  size_t count = 1;
  for (const int64_t side : array.shape) count *= static_cast<size_t>(side);
  if (count != array.values.size()) throw std::invalid_argument("to_npy: another number of values");
  // (3,) and (3, 2): a tuple of one needs its comma.
  const std::string shape =
      fmt::format("{}{}", fmt::join(array.shape, ", "), array.shape.size() == 1 ? "," : "");
  std::string text =
      fmt::format("{{'descr': '<f8', 'fortran_order': False, 'shape': ({}), }}", shape);
  const size_t before = kMagic.size() + 4;
  text.append(kHeaderAlignment - (before + text.size() + 1) % kHeaderAlignment, ' ');
  text += '\n';
  std::string bytes(kMagic);
  bytes +=
      {'\x01', '\x00', static_cast<char>(text.size() & 0xff), static_cast<char>(text.size() >> 8)};
  bytes += text;
  bytes.append(reinterpret_cast<const char*>(array.values.data()), count * sizeof(double));
  return bytes;
}

}  // namespace scgan
